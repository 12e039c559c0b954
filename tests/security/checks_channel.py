"""Checks: whose messages are taken, and that none is taken twice or looked at in the database."""

from tests.security.check import Check

INBOX, OUTBOX = "service/channel/inbox.py", "service/channel/outbox.py"
T = "tests/channel/test_messages.py::"
ONCE = "a message arrives once, and in order"
SEALED = "bodies of messages are sealed at rest"

CHECKS = (
    Check(
        "a-crash-repeats-nothing",
        ONCE,
        INBOX,
        "if message.sequence <= channel.received:",
        "if False:",
        T + "test_a_crash_between_the_answer_and_its_storing_repeats_nothing",
    ),
    Check(
        "a-sender-from-a-backup-loses-no-new-message",
        ONCE,
        INBOX,
        "if message.sequence == channel.received and message.id != channel.received_id:",
        "if False:",
        T + "test_a_sender_that_goes_on_from_a_backup_loses_no_new_message",
    ),
    Check(
        "a-sender-that-goes-on-from-a-backup",
        ONCE,
        OUTBOX,
        "if forked or until > channel.sent:",
        "if forked:",
        T + "test_a_sender_that_goes_on_from_a_backup_loses_no_new_message",
    ),
    Check(
        "a-message-beyond-the-room",
        "what the other side can fill is bounded",
        INBOX,
        "        if not room_of(channel):\n            return\n",
        "",
        T + "test_a_message_beyond_the_room_is_not_taken",
    ),
    Check(
        "bodies-are-sealed-at-rest",
        SEALED,
        OUTBOX,
        "body_sealed=node.sealer.seal(body, _context(message_id)),",
        "body_sealed=body.decode(),",
        T + "test_bodies_are_sealed_at_rest",
    ),
    Check(
        "a-token-needs-the-right-for-messages",
        "each operation asks for its scope",
        "service/connections/desk.py",
        'desk_for("messages:write")',
        'desk_for("messages:read")',
        T + "test_a_token_needs_the_right_for_messages",
    ),
)
