"""Reports over a span of days: one function each. They only read."""

from clinicctl.desk.reports.make import changes as changes
from clinicctl.desk.reports.make import day as day
from clinicctl.desk.reports.make import doctors as doctors
from clinicctl.desk.reports.make import lead_time as lead_time
from clinicctl.desk.reports.make import load as load
from clinicctl.desk.reports.make import no_shows as no_shows
from clinicctl.desk.reports.make import utilisation as utilisation
from clinicctl.desk.reports.make import waits as waits
from clinicctl.desk.reports.reminders import reminders as reminders
