"""Our own Block Kit check: tables of what Slack accepts, and a second opinion from two libraries."""
