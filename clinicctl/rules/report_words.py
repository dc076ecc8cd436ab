"""What each report is about, and how its figures are defined: for the help, the manual and the pages."""

from typing import NamedTuple


class ReportWords(NamedTuple):
    """The title of a report, its purpose in a sentence, and its definitions."""

    title: str
    purpose: str
    definitions: tuple[str, ...]


SPAN = (
    "The days are those of --from and --to, both included, or of --period. Without them it is of the last 30 days. "
    "Nothing in a report is about a patient."
)

REPORTS = {
    "day": ReportWords(
        "Day",
        "Report what became of a day: seen, no-shows, left, waits, and the journal's head.",
        (
            "Slots are those of doctors who are there. Booked are the slots of appointments that were not cancelled.",
            "Open appointments are booked, waiting or with the doctor. `clinicctl close` ends them.",
            "A wait is from check-in to the last call, in whole minutes.",
        ),
    ),
    "utilisation": ReportWords(
        "Utilisation",
        "Report how much of the doctors' slots was booked, and how much was used.",
        (
            "Utilisation is the booked slots as a share of all slots. Days off, holidays and absences are left out, "
            "with the appointments on them. Above 100% there are bookings above the capacity.",
            "Attended is the share of the slots of patients who were seen.",
            "A doctor's days count from the date of registration to that of archiving, others if they have bookings. "
            "A day without any booking counts with the hours that apply to it now.",
        ),
    ),
    "waits": ReportWords(
        "Waits",
        "Report how long patients waited from check-in to the call.",
        (
            "A wait is from check-in to the last call, in whole minutes. Patients who were not called are left out.",
            "The median is the wait in the middle. 90% waited no longer than the 90th percentile.",
            "Long waits are those of at least the clinic's wait_threshold.",
        ),
    ),
    "no-shows": ReportWords(
        "No-shows",
        "Report how many patients did not come, and how many left before they were seen.",
        (
            "Both rates are shares of the appointments that were not cancelled or moved, on days up to today.",
            "A patient who comes late and checks in after all is not a no-show.",
        ),
    ),
    "lead-time": ReportWords(
        "Lead time",
        "Report how many days ahead visits were booked.",
        (
            "The lead time is the number of days from the date of booking to that of the visit. Walk-ins have none.",
            "Cancelled and moved appointments are left out. A moved visit counts from the day it was moved.",
            "90% of the visits were booked no earlier than the 90th percentile.",
        ),
    ),
    "load": ReportWords(
        "Load",
        "Report when patients arrived, by hour and weekday.",
        ("An arrival is a check-in, by the clock of the clinic. Hour 9 is from 09:00 to 09:59.",),
    ),
    "doctors": ReportWords(
        "Doctors",
        "Report the main figures of each doctor beside each other.",
        (
            "Utilisation is the booked slots as a share of all slots, without days off.",
            "The no-show rate is a share of the appointments that were not cancelled or moved, on days up to today.",
            "A wait is from check-in to the last call, a consultation from its start to its end, in whole minutes.",
        ),
    ),
    "changes": ReportWords(
        "Changes",
        "Report how many visits were cancelled and moved, and by whom.",
        (
            "Both rates are shares of all appointments of the days, the cancelled and moved ones included.",
            "An appointment that was moved to another day or doctor counts as moved, not as cancelled. The new one "
            "counts on its own day.",
            "Bookings that were undone are left out.",
        ),
    ),
    "reminders": ReportWords(
        "Reminders",
        "Report what became of messages, and the no-shows of patients with a reminder and without.",
        (
            "A message counts on the day of its visit. Dropped are those whose reason was gone, or that had no "
            "address; not yet are those that are due, to come, or with a sender.",
            "Reminded are the appointments with a reminder that was sent, of those on days up to today that were not "
            "cancelled or moved. By kind they are those with a message of the kind, by channel with a reminder on it. "
            "Others are the rest of these appointments.",
            "The rates are shares of the one and of the other. They differ for other reasons, too: who has no address "
            "gets no reminder, and neither does who books too late for one.",
        ),
    ),
}
