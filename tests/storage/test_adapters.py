"""Call records of telephone systems: synthetic files with the documented fields, and what became of each call."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postcall.errors import PostCallError, SettingsError, TelephonyError
from postcall.kpi import handling_ms, is_answered
from postcall.telephony import Direction, Role, Telephony
from storage.adapters.asterisk import CDR_COLUMNS, CEL_COLUMNS
from storage.record_sources import load_adapter, sources
from storage.telephony import CODES, ReadRecords, RecordFormat, read_call_records

T = datetime(2026, 3, 2, 7, 0, 0, tzinfo=UTC)  # 10:00 in Moscow
NUMBER = "+79161234567"


def at(seconds: float) -> datetime:
    return T + timedelta(seconds=seconds)


def local(seconds: float) -> str:
    return (at(seconds) + timedelta(hours=3)).strftime("%Y-%m-%d %H:%M:%S")


def read(file: Path | bytes, source: str, **options: object) -> ReadRecords:
    format = RecordFormat(time_zone="Europe/Moscow", naive_times_in="Europe/Moscow", source=source, options=options)
    return read_call_records(str(file) if isinstance(file, Path) else io.BytesIO(file), format)


def only(found: ReadRecords) -> Telephony:
    assert not found.problems, found.problems[0].error
    [record] = found.records
    return record


# ── Asterisk ─────────────────────────────────────────────────────────────────


def cdr(**given: str) -> str:
    leg = {
        "src": NUMBER, "dst": "8800", "dcontext": "from-trunk", "channel": "PJSIP/trunk-00000001",
        "dstchannel": "PJSIP/101-00000002", "lastapp": "Queue", "lastdata": "support,t,,,60", "start": local(0),
        "answer": local(2), "end": local(300), "duration": "300", "billsec": "298", "disposition": "ANSWERED",
        "amaflags": "DOCUMENTATION", "uniqueid": "1772434800.1", "linkedid": "1772434800.1", "sequence": "1", **given,
    }  # fmt: skip
    return ",".join(f'"{leg.get(column, "")}"' for column in CDR_COLUMNS)


def cel(event: str, seconds: float, channel: str, uniqueid: str, extra: str = "") -> str:
    cells = {
        "eventtype": event, "eventtime": f"{at(seconds).timestamp():.6f}", "channame": channel, "uniqueid": uniqueid,
        "linkedid": "1772434800.1", "extra": extra.replace('"', '""'), "cid_num": NUMBER,
    }  # fmt: skip
    return ",".join(f'"{cells.get(column, "")}"' for column in CEL_COLUMNS)


CALLER, AGENT = ("PJSIP/trunk-00000001", "1772434800.1"), ("PJSIP/101-00000002", "1772434812.2")
CEL = [
    cel("CHAN_START", 0, *CALLER),
    cel("STREAM_BEGIN", 3, *CALLER),
    cel("STREAM_END", 12, *CALLER),
    cel("CHAN_START", 12, *AGENT),
    cel("BRIDGE_ENTER", 20, *CALLER),
    cel("BRIDGE_ENTER", 20, *AGENT),
    cel("STREAM_BEGIN", 100, *CALLER),
    cel("STREAM_END", 140.5, *CALLER),
    cel("STREAM_BEGIN", 200, *CALLER),
    cel("STREAM_END", 200.4, *CALLER),
    cel("HANGUP", 300, *AGENT, '{"hangupcause":16,"hangupsource":"PJSIP/101-00000002","dialstatus":""}'),
]


def queue_log(*events: str) -> str:
    return "\n".join(f"{int(T.timestamp()) + int(line.split('|')[0])}|{line.partition('|')[2]}" for line in events)


CONNECTED = "20|1772434800.1|support|PJSIP/101|CONNECT|17|1772434812.2|8"


def test_asterisk_with_a_queue_log(tmp_path):
    (tmp_path / "cdr.csv").write_text(cdr())
    logged = ["3|1772434800.1|support|NONE|ENTERQUEUE||+79161234567|1", CONNECTED]
    logged += ["299|1772434800.1|support|PJSIP/101|ATTENDEDTRANSFER|102|agents|17|279|1"]
    (tmp_path / "queue_log").write_text(queue_log(*logged, "300|1772434800.1|support|PJSIP/101|COMPLETECALLER|17|280|1"))
    record = only(read(tmp_path / "cdr.csv", "asterisk", queue_log="queue_log"))
    assert (record.call_id, record.queue, record.agent_id) == ("1772434800.1", "support", "101")
    assert (record.started_at, record.offered_at, record.answered_at, record.ended_at) == (at(0), at(12), at(20), at(300))
    assert (record.direction, record.disconnected_by, record.transfers) == (Direction.INBOUND, Role.CUSTOMER, 1)
    assert record.holds is None  # the wait in the queue is no hold, and nothing says whether there was one
    assert record.customer_key is None
    assert NUMBER not in repr(dict(record.extra))


def test_asterisk_with_channel_events(tmp_path):
    (tmp_path / "cdr.csv").write_text(cdr())
    (tmp_path / "cel.csv").write_text("\n".join(CEL))
    record = only(read(tmp_path / "cdr.csv", "asterisk", cel="cel.csv"))
    assert (record.offered_at, record.answered_at) == (at(12), at(20))
    # Music before the answer is the queue's, and what is played for 0.4 s is a beep.
    assert record.holds is not None
    assert [(hold.started_at, hold.ended_at) for hold in record.holds] == [(at(100), at(140.5))]
    assert record.disconnected_by is Role.AGENT
    assert record.transfers == 0


def test_asterisk_a_transferred_call_was_ended_by_whoever_was_there_last(tmp_path):
    (tmp_path / "cdr.csv").write_text(cdr() + "\n", encoding="utf-8")
    further = ("PJSIP/103-00000004", "1772434960.4")
    events = [
        *CEL,  # the first agent's channel goes when he has passed the call on
        cel("ATTENDEDTRANSFER", 300, *AGENT),
        cel("HANGUP", 400, *CALLER, '{"hangupsource":"PJSIP/trunk-00000001"}'),
        cel("HANGUP", 400, *further, '{"hangupsource":"PJSIP/trunk-00000001"}'),
    ]
    (tmp_path / "cel.csv").write_text("\n".join(events), encoding="utf-8")
    record = only(read(tmp_path / "cdr.csv", "asterisk", cel="cel.csv"))
    assert (record.disconnected_by, record.transfers) == (Role.CUSTOMER, 1)


def test_asterisk_cdr_alone_does_not_know_when_a_queue_was_answered(tmp_path):
    record = only(read(cdr().encode(), "asterisk"))
    assert record.answered_at is None
    assert is_answered(record) is None


def test_asterisk_abandoned_in_the_queue():
    record = only(read(cdr(dstchannel="", disposition="NO ANSWER").encode(), "asterisk"))
    assert is_answered(record) is False
    assert record.ended_at == at(300)


def test_asterisk_outbound_and_its_legs():
    one = {"dcontext": "from-internal", "lastapp": "Dial", "src": "101", "dst": NUMBER}
    channels = {"channel": "PJSIP/101-00000002", "dstchannel": "PJSIP/trunk-00000003"}
    busy = cdr(**one, **channels, disposition="BUSY", answer="", end=local(5))
    served = cdr(**one, **channels, start=local(6), answer=local(14), sequence="2")
    found = read(f"{busy}\n{served}\n".encode(), "asterisk", outbound_contexts=["from-internal"], customer_number=True)
    record = only(found)
    assert (record.started_at, record.answered_at, record.ended_at) == (at(0), at(14), at(300))
    assert (record.direction, record.agent_id, record.customer_key) == (Direction.OUTBOUND, "101", NUMBER)
    assert found.left_out == {"further legs of calls": 1}


def test_asterisk_bad_lines_cost_themselves():
    found = read(f'"x\n{cdr()}\n{cdr(uniqueid="", linkedid="")}\n{cdr(linkedid="b", start="soon")}\n'.encode(), "asterisk")
    assert [record.call_id for record in found.records] == ["1772434800.1"]
    assert [(problem.line, problem.error.code) for problem in found.problems] == [
        (1, "strange_record"), (3, "strange_record"), (4, "bad_time"),
    ]  # fmt: skip


def test_asterisk_a_header_line_names_the_columns():
    text = "uniqueid,start,end,answer,channel,dstchannel,disposition,lastapp\n"
    text += f"u1,{local(0)},{local(9)},{local(4)},PJSIP/a-00000001,PJSIP/101-00000002,ANSWERED,Dial\n"
    assert only(read(text.encode(), "asterisk")).answered_at == at(4)


def test_a_file_that_the_options_name_must_be_there(tmp_path):
    (tmp_path / "cdr.csv").write_text(cdr())
    with pytest.raises(SettingsError, match="queue_log"):
        read(tmp_path / "cdr.csv", "asterisk", queue_log="queue_log")


# ── FreeSWITCH ───────────────────────────────────────────────────────────────


def us(seconds: float) -> str:
    return str(int(at(seconds).timestamp() * 1_000_000))


def leg(uuid: str, **variables: str) -> dict[str, object]:
    profile = {"uuid": uuid, "context": "public", "caller_id_number": NUMBER, "destination_number": "1001"}
    times = {"start_uepoch": us(0), "answer_uepoch": us(2), "bridge_uepoch": us(20), "end_uepoch": us(300)}
    return {
        "core-uuid": "core", "switchname": "fs1",
        "variables": {"uuid": uuid, **times, **variables}, "callflow": [{"caller_profile": profile, "times": {}}],
    }  # fmt: skip


A = leg("aaaa", sip_hangup_disposition="recv_bye", hangup_cause="NORMAL_CLEARING")
B = leg(
    "bbbb", originating_leg_uuid="aaaa", start_uepoch=us(12), hold_events=f"{{{{{us(200)},{us(220)}}},{{{us(100)},{us(130)}}}}}"
)


@pytest.mark.parametrize("between", ["", "\n", ",\n"])
def test_freeswitch(between):
    text = between.join(json.dumps(one) for one in (A, B))
    found = read(text.encode(), "freeswitch", inbound_contexts=["public"])
    record = only(found)
    assert (record.started_at, record.offered_at, record.answered_at, record.ended_at) == (at(0), at(12), at(20), at(300))
    assert (record.direction, record.agent_id, record.disconnected_by) == (Direction.INBOUND, "1001", Role.CUSTOMER)
    assert record.holds is not None
    assert [hold.started_at for hold in record.holds] == [at(100), at(200)]
    assert found.left_out == {"called legs of calls": 1}
    assert NUMBER not in repr(dict(record.extra))


def test_freeswitch_values_as_they_are_written_by_default():
    queued = {
        **A["variables"], "cc_queue": "support%40default", "cc_agent": "a17%40default", "cc_queue_answered_uepoch": us(20),
    }  # fmt: skip
    holds = f"%7B%7B{us(200)},{us(220)}%7D,%7B{us(100)},{us(130)}%7D%7D"
    called = {**B, "variables": {**B["variables"], "hold_events": holds}}
    record = only(read(json.dumps([{**A, "variables": queued}, called]).encode(), "freeswitch"))
    assert (record.queue, record.agent_id) == ("support", "a17")
    assert [(hold.started_at, hold.ended_at) for hold in record.holds or ()] == [(at(100), at(130)), (at(200), at(220))]


def test_freeswitch_calls_on_one_line_are_all_read():
    others = [leg(uuid) for uuid in ("cccc", "dddd")]
    found = read("".join(json.dumps(one) for one in (A, B, *others)).encode(), "freeswitch")
    assert [record.call_id for record in found.records] == ["aaaa", "cccc", "dddd"]


def test_freeswitch_without_the_called_leg_does_not_know_of_holds():
    assert only(read(json.dumps(A).encode(), "freeswitch", inbound_contexts=["public"])).holds is None
    assert (
        only(read(json.dumps([A, {**B, "variables": {**B["variables"], "hold_events": ""}}]).encode(), "freeswitch")).holds
        == ()
    )


def test_freeswitch_does_not_guess_the_direction():
    record = only(read(json.dumps(A).encode(), "freeswitch"))
    assert record.direction is None
    assert record.disconnected_by is None


def test_freeswitch_callcenter():
    queued = {
        **A["variables"],
        "cc_queue": "support@default",
        "cc_agent": "1001@default",
        "cc_queue_answered_epoch": us(25)[:10],
    }
    record = only(read(json.dumps({**A, "variables": queued}).encode(), "freeswitch"))
    assert (record.queue, record.agent_id, record.answered_at) == ("support", "1001", at(25))
    assert record.direction is Direction.INBOUND


# ── Amazon Connect ───────────────────────────────────────────────────────────


def iso(seconds: float) -> str:
    return at(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


CONTACT = {
    "ContactId": "c-1", "Channel": "VOICE", "InitiationMethod": "INBOUND", "LastUpdateTimestamp": iso(400),
    "InitiationTimestamp": iso(0), "DisconnectTimestamp": iso(300), "DisconnectReason": "CUSTOMER_DISCONNECT",
    "Agent": {"Username": "a17", "ConnectedToAgentTimestamp": iso(20), "NumberOfHolds": 0, "CustomerHoldDuration": 0},
    "Queue": {"Name": "support", "EnqueueTimestamp": iso(3), "DequeueTimestamp": iso(20)},
    "CustomerEndpoint": {"Address": NUMBER, "Type": "TELEPHONE_NUMBER"},
    "Recordings": [{"Location": "bucket/connect/2026/03/02/c-1.wav", "StartTimestamp": iso(20), "StopTimestamp": iso(300)}],
}  # fmt: skip


def test_amazon_connect():
    later = {**CONTACT, "DisconnectReason": "AGENT_DISCONNECT", "LastUpdateTimestamp": iso(500)}
    chat = {**CONTACT, "ContactId": "c-2", "Channel": "CHAT"}
    text = "".join(json.dumps(one) for one in (later, CONTACT, chat))
    found = read(text.encode(), "amazon-connect", recordings_prefix="bucket/connect/")
    record = only(found)
    assert (record.started_at, record.answered_at, record.ended_at) == (at(0), at(20), at(300))
    assert (record.recording, record.recording_started_at) == ("2026/03/02/c-1.wav", at(20))
    assert (record.disconnected_by, record.agent_id, record.queue, record.holds) == (Role.AGENT, "a17", "support", ())
    assert record.customer_key is None
    assert found.left_out == {"earlier versions of a contact": 1, "contacts of other channels than voice": 1}


def test_amazon_connect_the_recording_of_the_talk_among_others():
    [talk] = CONTACT["Recordings"]
    menu = {**talk, "Location": "bucket/connect/ivr.wav", "ParticipantType": "IVR"}
    stream = {**talk, "Location": "arn:aws:kinesisvideo", "StorageType": "KINESIS_VIDEO_STREAM"}
    screen = {**talk, "Location": "bucket/connect/screen.mp4", "MediaStreamType": "VIDEO"}
    alone = only(read(json.dumps(CONTACT).encode(), "amazon-connect"))
    among = only(read(json.dumps({**CONTACT, "Recordings": [menu, stream, screen, talk]}).encode(), "amazon-connect"))
    assert alone.recording == among.recording
    assert only(read(json.dumps({**CONTACT, "Recordings": [menu]}).encode(), "amazon-connect")).recording is None


def test_amazon_connect_knows_that_there_were_holds_and_not_when():
    held = {**CONTACT, "Agent": {**CONTACT["Agent"], "NumberOfHolds": 2, "CustomerHoldDuration": 40}}
    record = only(read(json.dumps(held).encode(), "amazon-connect"))
    assert record.holds is None
    assert record.extra["CustomerHoldDuration"] == "40"


@pytest.mark.parametrize(
    ("told", "work_ms"), [({"AfterContactWorkDuration": 42}, 42_000), ({"AfterContactWorkDuration": 0}, 0), ({}, None)]
)
def test_amazon_connect_after_call_work(told, work_ms):
    record = only(read(json.dumps({**CONTACT, "Agent": {**CONTACT["Agent"], **told}}).encode(), "amazon-connect"))
    assert record.after_call_work_ms == work_ms
    assert "AfterContactWorkDuration" not in record.extra


def test_amazon_connect_after_call_work_of_nonsense_costs_its_call():
    wrong = {**CONTACT, "ContactId": "c-2", "Agent": {**CONTACT["Agent"], "AfterContactWorkDuration": -1}}
    found = read((json.dumps(CONTACT) + json.dumps(wrong)).encode(), "amazon-connect")
    assert [record.call_id for record in found.records] == ["c-1"]
    assert [(problem.call_id, problem.error.code) for problem in found.problems] == [("c-2", "bad_duration")]


def test_amazon_connect_abandoned():
    left = {key: value for key, value in CONTACT.items() if key not in ("Agent", "Recordings")}
    assert is_answered(only(read(json.dumps(left).encode(), "amazon-connect"))) is False


# ── Genesys Cloud ────────────────────────────────────────────────────────────


def segment(kind: str, start: float, end: float, **given: str) -> dict[str, str]:
    return {"segmentType": kind, "segmentStart": iso(start), "segmentEnd": iso(end), **given}


def participant(purpose: str, *segments: dict[str, str], **given: str) -> dict[str, object]:
    return {"purpose": purpose, "sessions": [{"mediaType": "voice", "ani": NUMBER, "segments": list(segments)}], **given}


CONVERSATION = {
    "conversationId": "g-1", "conversationStart": iso(0), "conversationEnd": iso(300), "originatingDirection": "inbound",
    "participants": [
        participant("customer", segment("interact", 0, 300)),
        participant("acd", segment("interact", 3, 12, queueId="q-1")),
        participant("agent", segment("alert", 12, 20), segment("interact", 20, 100), segment("hold", 100, 140),
                    segment("interact", 140, 300, disconnectType="client"), userId="u-1"),
    ],
}  # fmt: skip


def test_genesys_cloud():
    chat = {"conversationId": "g-2", "participants": [{"purpose": "agent", "sessions": [{"mediaType": "chat"}]}]}
    found = read(json.dumps({"conversations": [CONVERSATION, chat]}).encode(), "genesys-cloud")
    record = only(found)
    assert (record.started_at, record.offered_at, record.answered_at, record.ended_at) == (at(0), at(12), at(20), at(300))
    assert (record.queue, record.agent_id, record.transfers, record.disconnected_by) == ("q-1", "u-1", 0, Role.AGENT)
    assert record.holds is not None
    assert [(hold.started_at, hold.ended_at) for hold in record.holds] == [(at(100), at(140))]
    assert found.left_out == {"conversations without voice": 1}


def conversation(*after: dict[str, str], end: float = 300, metrics: list[dict[str, object]] | None = None) -> bytes:
    """The same conversation, with segments and metrics of the agent after the call."""
    *others, agent = CONVERSATION["participants"]
    (session,) = agent["sessions"]
    more = {**session, "segments": [*session["segments"], *after], "metrics": metrics or []}
    return json.dumps(
        {**CONVERSATION, "conversationEnd": iso(end), "participants": [*others, {**agent, "sessions": [more]}]}
    ).encode()


def test_genesys_cloud_after_call_work():
    assert only(read(conversation(), "genesys-cloud")).after_call_work_ms is None
    metrics = [{"name": "tTalk", "value": 240_000}, {"name": "tAcw", "value": 31_500}, {"name": "tAcw", "value": 500}]
    assert only(read(conversation(segment("wrapup", 300, 325), metrics=metrics), "genesys-cloud")).after_call_work_ms == 32_000
    assert only(read(conversation(metrics=[{"name": "tAcw", "value": 0}]), "genesys-cloud")).after_call_work_ms == 0


@pytest.mark.parametrize("end", [300, 325])
def test_genesys_cloud_a_call_ends_before_the_work_after_it(end):
    record = only(read(conversation(segment("wrapup", 300, 325), end=end), "genesys-cloud"))
    assert (record.ended_at, record.after_call_work_ms, handling_ms(record)) == (at(300), 25_000, 305_000)


def test_genesys_cloud_work_that_goes_on_is_not_known_yet():
    going_on = {"segmentType": "wrapup", "segmentStart": iso(300)}
    assert only(read(conversation(going_on), "genesys-cloud")).after_call_work_ms is None


@pytest.mark.parametrize("value", [-1, "long", None, True, 10**400, 1e300])
def test_genesys_cloud_after_call_work_of_nonsense_costs_its_call(value):
    found = read(conversation(metrics=[{"name": "tAcw", "value": value}]), "genesys-cloud")
    assert [(problem.call_id, problem.error.code) for problem in found.problems] == [("g-1", "bad_duration")]
    wrong = segment("wrapup", 300, 325) | {"segmentStart": "soon"}
    found = read(conversation(wrong), "genesys-cloud")
    assert [(problem.call_id, problem.error.code) for problem in found.problems] == [("g-1", "bad_time")]


# ── a declared mapping of any table ──────────────────────────────────────────

MAPPED = RecordFormat(
    time_zone="Europe/Moscow",
    naive_times_in="Europe/Moscow",
    columns={"Id": "call_id", "Type": "direction", "Who ended": "disconnected_by", "Answer": "answered_at"},
    joined={"started_at": ("Date", "Time")},
    values={
        "direction": {"Входящий": "inbound", "Исходящий": "outbound"},
        "disconnected_by": {"1": "agent"},
        "answered_at": {"0": ""},
    },
    durations={"ended_at": ("started_at", "Seconds")},
    time_format="%m/%d/%Y %I:%M:%S %p",
)


def test_any_table_by_a_mapping():
    text = (
        "Id;Date;Time;Answer;Seconds;Type;Who ended;Note\n"
        "1;03/02/2026;10:00:00 AM;03/02/2026 10:00:20 AM;0:05:00;входящий;1;x\n"
        "2;03/02/2026;10:00:00 AM;0;300;Исходящий;;\n"
        "3;03/02/2026;10:00:00 AM;;five;;;\n"
        "4;2026-03-02;10:00:00;;;;;\n"
        "5;03/02/2026;;;;;;\n"
    )
    found = read_call_records(io.BytesIO(text.encode()), MAPPED)
    first, second = found.records
    assert (first.started_at, first.answered_at, first.ended_at) == (at(0), at(20), at(300))
    assert (first.direction, first.disconnected_by) == (Direction.INBOUND, Role.AGENT)
    assert (second.direction, second.answered_at, second.ended_at) == (Direction.OUTBOUND, None, at(300))
    assert [(problem.line, problem.error.code) for problem in found.problems] == [
        (4, "bad_duration"), (5, "bad_time"), (6, "no_time"),
    ]  # fmt: skip
    assert found.problems[0].call_date == date(2026, 3, 2)
    assert found.unused == {"Note": 1}
    assert (found.filled["ended_at"], found.rows) == (3, 5)  # of lengths, among them one that is none
    assert found.filled["started_at"] == 4
    header, *rows = [line.split(";") for line in text.splitlines()]
    lines = [json.dumps(dict(zip(header, row, strict=True))) for row in rows[:2]]
    assert read_call_records(io.BytesIO("\n".join(lines).encode()), MAPPED).records == found.records


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"joined": {"begin": ("a", "b")}}, "unknown column 'begin'"),
        ({"values": {"who": {}}}, "unknown column 'who'"),
        ({"durations": {"queue": ("started_at", "x")}}, "no time of a call"),
        ({"durations": {"ended_at": ("answered_at", "x"), "answered_at": ("started_at", "y")}}, "must be written before"),
        ({"time_format": "%m/%d"}, "must tell day, month, year"),
        ({"time_format": "%Q"}, "must tell day, month, year"),
    ],
)
def test_mappings_that_cannot_be(given, said):
    with pytest.raises(ValueError, match=said):
        RecordFormat(time_zone="UTC", **given)


def test_a_joined_column_must_be_there():
    with pytest.raises(SettingsError, match="'Time'"):
        read_call_records(io.BytesIO(b"Id,Date\n1,x\n"), MAPPED.model_copy(update={"columns": {"Id": "call_id"}}))


# ── all of them ──────────────────────────────────────────────────────────────


def test_sources_are_found_by_entry_point():
    assert set(sources()) >= {"table", "asterisk", "freeswitch", "amazon-connect", "genesys-cloud"}
    with pytest.raises(SettingsError, match="no source of call records 'asterix'") as caught:
        load_adapter("asterix", {})
    assert "asterisk" in caught.value.hint
    with pytest.raises(SettingsError, match="no option 'queuelog'") as caught:
        load_adapter("asterisk", {"queuelog": "x"})
    assert "queue_log" in caught.value.hint
    with pytest.raises(SettingsError, match="option 'cel'"):
        load_adapter("asterisk", {"cel": 3})


ADAPTERS = ("asterisk", "freeswitch", "amazon-connect", "genesys-cloud")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([iso(1), us(1), "VOICE"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [*CONTACT, *CONTACT["Agent"], *A, *A["variables"], "callflow", "caller_profile", *CONVERSATION, "purpose"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("source", ADAPTERS)
@settings(max_examples=120, deadline=None)
@given(st.binary(max_size=300), st.lists(JSON, max_size=4), st.integers(0, 400))
def test_any_bytes_raise_nothing_but_our_errors(source, noise, values, cut):
    good = {"asterisk": cdr(), "freeswitch": json.dumps(A), "amazon-connect": json.dumps(CONTACT)}.get(
        source, json.dumps(CONVERSATION)
    )
    for content in (noise, good.encode()[:cut] + noise, "\n".join(json.dumps(value) for value in values).encode()):
        try:
            found = read(content, source)
        except PostCallError as error:
            assert error.code in ("empty_file", "not_a_table")
            continue
        assert all(problem.error.code in CODES for problem in found.problems)


@pytest.mark.parametrize("source", ADAPTERS)
def test_nesting_without_end_is_no_defect(source):
    with pytest.raises(TelephonyError):
        read(b'{"a":' * 100_000, source)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_beside_a_cdr(tmp_path_factory, first, second):
    folder = tmp_path_factory.mktemp("beside")
    (folder / "cdr.csv").write_text(cdr())
    (folder / "cel.csv").write_bytes(CEL[0].encode() + b"\n" + first)
    (folder / "queue_log").write_bytes(queue_log(CONNECTED).encode() + b"\n" + second)
    try:
        found = read(folder / "cdr.csv", "asterisk", cel="cel.csv", queue_log="queue_log")
    except TelephonyError as error:
        assert error.code == "not_a_table"
    else:
        assert len(found.records) + len(found.problems) == 1
