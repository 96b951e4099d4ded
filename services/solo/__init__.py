"""The rules for self-employed clients in the UK: identifiers, Making Tax Digital for Income Tax, quarters. Pure."""
