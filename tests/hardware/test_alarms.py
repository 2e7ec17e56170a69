from __future__ import annotations

from tandem.hardware.alarms import NO_ALARMS, Alarm, AlarmIntegrator, correlate

LFA = frozenset({Alarm.LFA})


def test_a_defect_is_an_alarm_when_it_lasts():
    integrator = AlarmIntegrator(raise_after=0.1, clear_after=0.2)
    assert integrator.update(LFA, 1.0) == NO_ALARMS
    assert integrator.update(LFA, 1.09) == NO_ALARMS
    assert integrator.update(LFA, 1.1) == LFA
    assert integrator.update(NO_ALARMS, 2.0) == LFA
    assert integrator.update(NO_ALARMS, 2.1) == LFA
    assert integrator.update(NO_ALARMS, 2.25) == NO_ALARMS


def test_an_interruption_starts_the_time_again():
    integrator = AlarmIntegrator(raise_after=0.1)
    integrator.update(LFA, 1.0)
    integrator.update(NO_ALARMS, 1.05)
    assert integrator.update(LFA, 1.12) == NO_ALARMS
    assert integrator.update(LFA, 1.23) == LFA


def test_each_alarm_has_its_own_time():
    integrator = AlarmIntegrator(LFA, raise_after=0.1, clear_after=0.1)
    rai = frozenset({Alarm.RAI})
    assert integrator.update(rai, 1.0) == LFA
    assert integrator.update(rai, 1.1) == rai


def test_what_follows_from_another_alarm_is_hidden():
    assert correlate(frozenset(Alarm)) == {Alarm.LOS}
    assert correlate(frozenset({Alarm.AIS, Alarm.LFA, Alarm.LMFA})) == {Alarm.AIS}
    assert correlate(frozenset({Alarm.LFA, Alarm.LMFA, Alarm.RAI})) == LFA
    assert correlate(frozenset({Alarm.LMFA, Alarm.RAI})) == {Alarm.LMFA, Alarm.RAI}


def test_a_hidden_alarm_stays_as_it_is_and_its_time_goes_on():
    integrator, lmfa = AlarmIntegrator(raise_after=0.1), frozenset({Alarm.LMFA})
    integrator.update(lmfa, 1.0)
    assert integrator.update(LFA, 1.05, hidden=lmfa) == NO_ALARMS
    assert integrator.update(lmfa, 1.06) == NO_ALARMS
    assert integrator.update(lmfa, 1.11) == lmfa
    assert integrator.update(LFA, 1.2, hidden=lmfa) == lmfa
    assert integrator.update(LFA, 1.4, hidden=lmfa) == LFA | lmfa


def test_a_defect_with_short_gaps_is_an_alarm_one_with_long_gaps_is_none():
    """Nine of ten milliseconds in noise; one of ten where packets are lost."""
    for share, alarms in ((9, LFA), (1, NO_ALARMS)):
        integrator = AlarmIntegrator(raise_after=0.1)
        for step in range(200):
            present = step % 10 < share
            integrator.update(LFA if present else NO_ALARMS, step / 1000)
        assert integrator.alarms == alarms


def test_an_alarm_clears_only_after_all_of_its_time_without_the_defect():
    integrator = AlarmIntegrator(LFA, clear_after=0.1)
    for step in range(1000):
        integrator.update(LFA if step % 50 == 0 else NO_ALARMS, step / 1000)
    assert integrator.alarms == LFA
    integrator.update(NO_ALARMS, 1.06)
    assert integrator.alarms == NO_ALARMS


def test_an_alarm_waits_while_one_that_hides_it_is_about_to_be_raised():
    integrator, lmfa = AlarmIntegrator(raise_after=0.1), frozenset({Alarm.LMFA})
    raised = []
    for step in range(300):
        defects = lmfa if step % 20 == 0 else LFA
        alarms = integrator.update(defects, step / 1000, NO_ALARMS if defects is lmfa else lmfa)
        if alarms not in raised:
            raised.append(alarms)
    assert raised[:2] == [NO_ALARMS, LFA]
