"""How a client's connection stands, in words."""

from services.accounting.connections import ConnectionState

STATES = {
    ConnectionState.NOT_CONNECTED: "Not connected",
    ConnectionState.CONNECTED: "Connected",
    ConnectionState.NAME_MISMATCH: "Name mismatch",
    ConnectionState.EXPIRED: "Expired",
    ConnectionState.DISCONNECTED: "Disconnected",
}
