"""Ids of leaving, of handing over, and of giving many clients at once. What opens them is in `ids`."""

REMOVE_NOW = "people.remove_now"
HAND_OVER = "people.hand_over"
HAND_OVER_NOW = "people.hand_over_now"
SEARCH_RECEIVERS = "people.search_receivers"
GIVE_NOW = "people.give_now"
SEARCH_CLIENTS = "people.search_clients"
