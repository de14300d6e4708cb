"""The journeys' own people are awake, whenever the journeys run."""

import datetime

import campaigns


def test_somewhere_it_is_always_daytime():
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    for minute in range(0, 366 * 24 * 60, 10):
        now = start + datetime.timedelta(minutes=minute)
        # Half an hour is several times the longest journey.
        assert campaigns.room(now, campaigns.awake(now)[1]) >= 0.5, now
