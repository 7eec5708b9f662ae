"""From a profile to metrics: each check reads states, never rows."""
