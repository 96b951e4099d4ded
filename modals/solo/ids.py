"""The ids that the client card carries for a self-employed client."""

EDIT_NUMBERS = "solo.edit_details"
CHANGE_NUMBER = "solo.change_number"
SAVE_NUMBERS = "solo.save_details"
ADD_SOURCE = "solo.add_source"
EDIT_SOURCE = "solo.edit_source"
SAVE_SOURCE = "solo.save_source"
