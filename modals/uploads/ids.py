"""The ids that the views and messages of uploads carry."""

OPEN = "uploads.open"
TEMPLATE = "uploads.template"
SUBMIT = "uploads.submit"
SHOW = "uploads.show"
IMPORT = "uploads.import"
ERRORS = "uploads.errors"
CANCEL = "uploads.cancel"
