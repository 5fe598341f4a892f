"""The tests. They read one tz database, the wheel's: Debian's own differs for some zones."""

import os
import zoneinfo

os.environ["PYTHONTZPATH"] = ""  # for the processes that tests start
zoneinfo.reset_tzpath(())
