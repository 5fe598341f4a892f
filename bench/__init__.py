"""Speed, measured beside floors in the same run: `./dev bench`, or `./dev bench --quick` in three minutes."""
