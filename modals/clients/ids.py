"""The ids that the views and messages of the clients list and card carry."""

from db.models import Provider

LIST = "clients.list"
FIND = "clients.find"
SEARCH = "clients.search"
PREVIOUS = "clients.previous"
NEXT = "clients.next"
OPEN = "clients.open"
BACK = "clients.back"
REFRESH = "clients.refresh"
CONNECT = {Provider.XERO: "clients.connect_xero", Provider.SAGE: "clients.connect_sage"}
RECONNECT = "clients.reconnect"
CHANGE = "clients.change_organisation"
LEAVE = {Provider.XERO: "clients.leave_for_xero", Provider.SAGE: "clients.leave_for_sage"}
SEARCH_ORGANISATIONS = "clients.search_organisations"
CHOOSE = "clients.choose_organisation"
USE = "clients.use_organisation"
DISCONNECT = "clients.disconnect"
SETTINGS = "clients.settings"
SAVE_SETTINGS = "clients.save_settings"
EXPORT = "clients.export"
