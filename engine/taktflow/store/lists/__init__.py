"""Lists for screens, one room per noun: filters, sorts and cursors over committed rows."""
