"""Names that users' databases, automations and configuration hold: never renamed."""

from typing import Final

DOMAIN: Final = "protect_narrator"
CORE_DOMAIN: Final = "unifiprotect"

EVENT_SIGHTING: Final = "protect_narrator_sighting"

# Entry data. A console that core knows is stored as CONF_CORE_ENTRY_ID and nothing else;
# a manual log-in uses Home Assistant's own CONF_HOST, CONF_PORT, CONF_USERNAME,
# CONF_PASSWORD, CONF_API_KEY (may be absent) and CONF_VERIFY_SSL.
CONF_CORE_ENTRY_ID: Final = "core_entry_id"

# Entry options, one flat mapping; what is absent has its default.
CONF_AGENT_ID: Final = "agent_id"
CONF_CAMERAS: Final = "cameras"
CONF_LABELS: Final = "labels"
CONF_LANGUAGE: Final = "language"
CONF_CLIP_BEFORE: Final = "clip_before"
CONF_CLIP_AFTER: Final = "clip_after"
CONF_CLIP_LONGEST: Final = "clip_longest"
CONF_SETTLE: Final = "settle"
CONF_CLIP_DEADLINE: Final = "clip_deadline"
CONF_CLIP_MAX_MB: Final = "clip_max_mb"
CONF_LONGEST_OPEN: Final = "longest_open"
CONF_DESCRIBE_TIMEOUT: Final = "describe_timeout"
CONF_FRAME_COUNT: Final = "frame_count"
CONF_SHOW: Final = "show"
CONF_RECONCILE_INTERVAL: Final = "reconcile_interval"
CONF_CATCH_UP: Final = "catch_up"
CONF_MERGE_GAP: Final = "merge_gap"
CONF_COOLDOWN: Final = "cooldown"
CONF_FIRST_WORDS: Final = "first_words"
CONF_HOUSE_NOTES: Final = "house_notes"
CONF_INSTRUCTION: Final = "instruction"
CONF_IMPORTANCE_GUIDE: Final = "importance_guide"
CONF_CALLS_PER_DAY: Final = "calls_per_day"
CONF_CALLS_PER_CAMERA: Final = "calls_per_camera"
CONF_AI_AT_ONCE: Final = "ai_at_once"
CONF_LEARN_SETTLE: Final = "learn_settle"
CONF_KEEP_PICTURES: Final = "keep_pictures"
CONF_PICTURES_MAX_MB: Final = "pictures_max_mb"

# A config subentry of this type holds what differs at one camera; its unique id is the
# camera's MAC address, its data are options of the same names.
SUBENTRY_CAMERA: Final = "camera"

SHOW_AUTOMATIC: Final = "automatic"

DEFAULT_PORT: Final = 443

LOCAL_USER_URL: Final = "https://www.home-assistant.io/integrations/unifiprotect#full-access"
