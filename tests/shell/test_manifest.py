"""What hassfest and HACS check, restated, so that it is known before anything is pushed."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.const import CONF_API_KEY, Platform
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowHandler
from PIL import Image
import probatio
import pytest
import yaml

from custom_components.protect_narrator import const
from custom_components.protect_narrator.camera_flow import CameraProfileFlow
from custom_components.protect_narrator.config_flow import NarratorConfigFlow
from custom_components.protect_narrator.console_access import CoreEntryMissingError
from custom_components.protect_narrator.filters import FILTERS, REASONS
from custom_components.protect_narrator.forms import MANUAL, api_key_schema
from custom_components.protect_narrator.issues import CORE_S, FIXABLE, NO_AGENT
from custom_components.protect_narrator.option_forms import (
    FIRST_WORDS_CHOICES,
    ai_schema,
    camera_schema,
    clips_schema,
    detections_schema,
    pictures_schema,
    profile_schema,
    words_schema,
)
from custom_components.protect_narrator.options import NUMBER_OPTIONS, SHOW_CHOICES
from custom_components.protect_narrator.options_flow import NarratorOptionsFlow
from custom_components.protect_narrator.pipeline.models import FallbackReason, Importance, Label
from custom_components.protect_narrator.protect import ConnectError
from custom_components.protect_narrator.repairs import (
    FLOWS,
    AgentFlow,
    ApiKeyFlow,
    BugFlow,
    MediaAccessFlow,
    StorageFlow,
)
from custom_components.protect_narrator.selectors import INHERIT, PREFERRED
from custom_components.protect_narrator.system_health import _info
from custom_components.protect_narrator.watch import AGENT_KINDS, Kind

ROOT = Path(__file__).parents[2]
INTEGRATION = ROOT / "custom_components" / const.DOMAIN
LANGUAGES = sorted(path.stem for path in (INTEGRATION / "translations").glob("*.json"))

# hassfest's own pattern for translation keys.
TRANSLATION_KEY = re.compile(r"^(?!.+[_-]{2})(?![_-])[a-z0-9-_]+(?<![_-])$")

# How Home Assistant lets cameras be chosen.
TARGET = {"entity_id", "device_id", "area_id", "floor_id", "label_id"}

RULES = {
    "bronze": "action-setup appropriate-polling brands common-modules config-flow "
    "config-flow-test-coverage dependency-transparency docs-actions docs-conditions "
    "docs-high-level-description docs-installation-instructions docs-removal-instructions "
    "docs-triggers entity-event-setup entity-unique-id has-entity-name runtime-data "
    "test-before-configure test-before-setup unique-config-entry",
    "silver": "action-exceptions config-entry-unloading docs-configuration-parameters "
    "docs-installation-parameters entity-unavailable integration-owner log-when-unavailable "
    "parallel-updates reauthentication-flow test-coverage",
    "gold": "devices diagnostics discovery discovery-update-info docs-data-update docs-examples "
    "docs-known-limitations docs-supported-devices docs-supported-functions "
    "docs-troubleshooting docs-use-cases dynamic-devices entity-category entity-device-class "
    "entity-disabled-by-default entity-translations exception-translations icon-translations "
    "reconfiguration-flow repair-issues stale-devices",
    "platinum": "async-dependency inject-websession strict-typing",
}


def read(name: str) -> dict[str, Any]:
    return dict(json.loads((INTEGRATION / name).read_text(encoding="utf-8")))


def leaves(tree: dict[str, Any], *above: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield every text of a tree of translations or icons with its keys."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, *above, key)
        else:
            yield (*above, key), value


def connect_error_codes() -> set[str]:
    """Return the code of every way in which a connection can fail."""
    kinds, codes = [*ConnectError.__subclasses__()], set()
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        codes.add(kind.code)
    return codes


def test_the_manifest_begins_with_domain_and_name_and_is_alphabetical_from_there() -> None:
    keys = list(read("manifest.json"))
    assert keys == ["domain", "name", *sorted(keys[2:])]


def test_the_manifest_holds_what_a_custom_integration_needs() -> None:
    manifest = read("manifest.json")
    assert manifest["domain"] == const.DOMAIN == INTEGRATION.name
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"])
    assert manifest["codeowners"]
    assert manifest["issue_tracker"] == f"{manifest['documentation']}/issues"
    assert manifest["integration_type"] == "hub"
    assert manifest["iot_class"] == "local_push"
    for listed in ("codeowners", "dependencies", "after_dependencies"):
        assert manifest[listed] == sorted(set(manifest[listed]))


# hassfest lets everybody use these; of those that it names, the ones that we may come to use.
ALWAYS_ALLOWED = {*Platform, "conversation", "homeassistant", "system_health", "websocket_api"}


def test_only_declared_integrations_are_used_except_by_a_platform_of_another() -> None:
    manifest = read("manifest.json")
    declared = {*manifest["dependencies"], *manifest["after_dependencies"], *ALWAYS_ALLOWED}
    for path in INTEGRATION.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        used = set(re.findall(r"homeassistant\.components\.(\w+)", source))
        for names in re.findall(r"from homeassistant\.components import ([\w, ]+)", source):
            used |= set(names.split(", "))
        assert used <= declared | {path.stem}, path


def test_the_client_library_is_not_pinned_against_home_assistants_own() -> None:
    assert read("manifest.json")["requirements"] == ["uiprotect>=23.0.1"]


def test_hacs_knows_the_oldest_home_assistant() -> None:
    hacs = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))
    assert hacs == {
        "name": read("manifest.json")["name"],
        "homeassistant": "2026.10.0",
        "render_readme": True,
    }


def test_the_english_translation_is_the_strings_file() -> None:
    assert read("translations/en.json") == read("strings.json")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys_and_placeholders(language: str) -> None:
    english = dict(leaves(read("strings.json")))
    other = dict(leaves(read(f"translations/{language}.json")))
    assert other.keys() == english.keys()
    for key, text in other.items():
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", english[key])), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_field_or_button_that_an_issue_names_is_called_so(language: str) -> None:
    texts = dict(leaves(read(f"translations/{language}.json")))
    shown = {
        text
        for keys, text in texts.items()
        if keys[-1] == "submit" or keys[-2] in {"data", "menu_options"}
    }
    named = {
        name
        for keys, text in texts.items()
        if keys[0] == "issues"
        for name in re.findall(r"\*([^*]+)\*", text)
    }
    assert named
    assert named <= shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_as_hassfest_wants_them(language: str) -> None:
    for keys, text in leaves(read(f"translations/{language}.json")):
        assert all(TRANSLATION_KEY.match(key) for key in keys), keys
        assert text, keys
        assert text == text.strip(), keys
        assert not re.search(r"'{\w+}'", text), f"{keys}: placeholder in single quotes"
        assert "://" not in text, f"{keys}: addresses belong into placeholders"
        assert "<" not in text, f"{keys}: no HTML"
        assert "[%key" not in text, f"{keys}: custom integrations cannot refer"


def test_every_label_is_translated_wherever_it_is_shown() -> None:
    strings = read("strings.json")
    labels = [label.value for label in Label]
    event_type = strings["entity"]["event"]["sighting"]["state_attributes"]["event_type"]
    assert event_type["state"] == strings["selector"]["label"]["options"]
    icons = read("icons.json")["entity"]["event"]["sighting"]["state_attributes"]["event_type"]
    assert list(icons["state"]) == labels


def test_every_fallback_reason_is_translated() -> None:
    reasons = ["none", *(reason.value for reason in FallbackReason)]
    assert list(read("strings.json")["entity"]["sensor"]["fallback_reason"]["state"]) == reasons
    assert list(read("icons.json")["entity"]["sensor"]["fallback_reason"]["state"]) == reasons


def steps_of(flow: type[FlowHandler[Any, Any, Any]]) -> set[str]:
    """Return the steps that a flow of ours has, but not those of its base classes."""
    return {
        name.removeprefix("async_step_") for name in vars(flow) if name.startswith("async_step_")
    }


# What only leads to another step, which is shown in its stead.
_LEADS_ON = {"keeping", "reauth", "reconfigure", "save"}


def test_every_step_of_every_flow_is_translated() -> None:
    strings = read("strings.json")
    config = {*strings["config"]["step"], "reauth"}
    assert steps_of(NarratorConfigFlow) == config
    assert steps_of(NarratorOptionsFlow) - _LEADS_ON == strings["options"]["step"].keys()
    profile = strings["config_subentries"][const.SUBENTRY_CAMERA]
    assert steps_of(CameraProfileFlow) - _LEADS_ON == profile["step"].keys()
    assert profile["initiate_flow"].keys() == {"user", "reconfigure"}
    assert list(strings["config_subentries"]) == [const.SUBENTRY_CAMERA]


def all_steps() -> Iterator[tuple[str, dict[str, Any]]]:
    strings = read("strings.json")
    for flow in (strings["config"], strings["options"], *strings["config_subentries"].values()):
        yield from flow["step"].items()


def test_every_field_is_explained() -> None:
    for name, step in all_steps():
        assert step.get("data_description", {}).keys() == step.get("data", {}).keys(), name


async def test_every_field_of_the_options_and_of_a_profile_is_translated(
    hass: HomeAssistant,
) -> None:
    strings = read("strings.json")
    options = strings["options"]["step"]
    profile = strings["config_subentries"][const.SUBENTRY_CAMERA]["step"]
    forms: list[tuple[probatio.Schema, dict[str, Any]]] = [
        (detections_schema({}, ()), options["detections"]),
        (ai_schema(hass, {}), options["ai"]),
        (words_schema({}), options["words"]),
        (clips_schema({}), options["clips"]),
        (pictures_schema({}), options["pictures"]),
        (camera_schema(()), profile["user"]),
        (profile_schema(hass, {}), profile["profile"]),
    ]
    for schema, step in forms:
        assert step["data"].keys() == {str(marker) for marker in schema.schema}


def test_every_choice_of_a_menu_is_translated() -> None:
    strings = read("strings.json")
    menus = {
        (name, choice) for name, step in all_steps() for choice in step.get("menu_options", {})
    }
    assert menus == {
        *(("init", step) for step in ("detections", "ai", "words", "clips", "pictures", "keeping")),
        *((f"keeping_{how}", "init") for how in ("days", "forever", "off", "excluded")),
        *(("preview", step) for step in ("save", "words", "profile")),
    }
    menu = strings["options"]["step"]["init"]
    assert menu["menu_option_descriptions"].keys() == menu["menu_options"].keys()


def test_every_special_choice_is_translated() -> None:
    selectors = read("strings.json")["selector"]
    choices = {name: list(selector["options"]) for name, selector in selectors.items()}
    assert choices == {
        "console": [MANUAL],
        "agent": [INHERIT, PREFERRED],
        "label": [label.value for label in Label],
        "show": [INHERIT, *SHOW_CHOICES],
        "first_words": FIRST_WORDS_CHOICES,
    }


def test_the_default_that_a_text_names_is_the_default() -> None:
    for _name, step in all_steps():
        for option in NUMBER_OPTIONS:
            text = step.get("data_description", {}).get(option.key, "")
            found = re.search(r"default is ([\d.]+)\.$|(0), the default", text)
            assert found or not text or "at present {" in text, option.key
            if found:
                assert float(found[1] or found[2]) == option.default, option.key


def test_every_way_a_console_can_refuse_has_its_own_message() -> None:
    strings = read("strings.json")
    codes = {*connect_error_codes(), CoreEntryMissingError.code}
    forms = {
        "config": {"invalid_host", "no_labels", "unknown"},
        "options": {"broken_template", "no_labels", "unknown"},
    }
    for flow, of_form in forms.items():
        texts = strings[flow]["error"]
        assert texts.keys() == codes | of_form
        assert len(set(texts.values())) == len(texts), "two errors share a message"
    assert codes <= strings["exceptions"].keys()


def test_whatever_ends_the_profile_s_flow_is_told() -> None:
    profile = read("strings.json")["config_subentries"][const.SUBENTRY_CAMERA]
    assert profile["error"].keys() == {"broken_template"}
    assert profile["abort"].keys() == {"already_configured", "cameras_unknown", "no_camera_left"}


def issues() -> dict[str, Any]:
    """Return the issues' texts but those of the user's own templates."""
    every: dict[str, Any] = read("strings.json")["issues"]
    return {key: texts for key, texts in every.items() if not key.startswith("broken_")}


def test_every_issue_has_words_and_says_what_to_do() -> None:
    keys = {*Kind, NO_AGENT, *(f"{kind}_core" for kind in CORE_S)}
    assert issues().keys() == keys
    for key, texts in issues().items():
        assert "{name}" in texts["title"], key
        # hassfest: one of them, by whether a form mends it.
        fixable = key == NO_AGENT or key in FIXABLE
        assert texts.keys() == {"title", "fix_flow" if fixable else "description"}, key


def test_every_step_of_every_fix_flow_is_translated_and_every_error_of_it() -> None:
    flows: dict[str, type[FlowHandler[Any, Any, Any]]] = {
        **dict.fromkeys((NO_AGENT, *AGENT_KINDS), AgentFlow),
        **{kind.value: flow for kind, flow in FLOWS.items()},
    }
    assert flows.keys() == {NO_AGENT, *FIXABLE}
    of_console = {*connect_error_codes(), CoreEntryMissingError.code}
    errors: dict[type[FlowHandler[Any, Any, Any]], set[str]] = {
        AgentFlow: {"agent_missing"},
        StorageFlow: {"disk_full", "storage_error"},
        MediaAccessFlow: of_console - {"invalid_api_key"},
        ApiKeyFlow: of_console - {"no_media_access"} | {"api_key_needed"},
        BugFlow: set(),
    }
    for key, flow in flows.items():
        fix = issues()[key]["fix_flow"]
        steps = {step for kind in flow.__mro__ for step in steps_of(kind)}
        assert fix["step"].keys() == steps - {"init"}, key
        assert fix.get("error", {}).keys() == errors[flow], key


async def test_every_field_of_a_fix_flow_is_translated_and_explained(hass: HomeAssistant) -> None:
    stored = {CONF_API_KEY: "stored"}
    for key, schema in (
        (Kind.API_KEY_REFUSED, api_key_schema(stored)),
        (Kind.API_KEY_MISSING, api_key_schema({})),
    ):
        step = issues()[key]["fix_flow"]["step"]["api_key"]
        asked = {str(marker) for marker in schema.schema}
        assert step["data"].keys() == step["data_description"].keys() == asked
    for name in (*AGENT_KINDS, NO_AGENT):
        step = issues()[name]["fix_flow"]["step"]["agent"]
        assert step["data"].keys() == step["data_description"].keys() == {const.CONF_AGENT_ID}


async def test_every_line_of_system_health_is_translated(hass: HomeAssistant) -> None:
    info = await _info(hass)
    info["can_reach_console"].close()
    assert list(read("strings.json")["system_health"]["info"]) == list(info)


def test_every_entity_has_a_name_and_an_icon() -> None:
    names, icons = read("strings.json")["entity"], read("icons.json")["entity"]
    assert names.keys() == icons.keys()
    for platform, entities in names.items():
        assert entities.keys() == icons[platform].keys()
        assert all(entity["name"] for entity in entities.values())


def test_icons_are_as_hassfest_wants_them() -> None:
    for _keys, icon in leaves(read("icons.json")):
        assert re.fullmatch(r"mdi:[a-z0-9-]+", icon)
    for platform in read("icons.json")["entity"].values():
        for entity in platform.values():
            for part in (entity, *entity.get("state_attributes", {}).values()):
                assert part["default"] not in part.get("state", {}).values()


def test_the_quality_scale_names_every_rule_and_gives_reasons_for_exemptions() -> None:
    rules = yaml.safe_load((INTEGRATION / "quality_scale.yaml").read_text(encoding="utf-8"))[
        "rules"
    ]
    assert list(rules) == [rule for tier in RULES.values() for rule in tier.split()]
    for rule, status in rules.items():
        if isinstance(status, dict):
            assert status.keys() == {"status", "comment"}, rule
            assert status["status"] == "exempt", rule
        else:
            assert status in {"done", "todo"}, rule


@pytest.mark.parametrize(
    ("name", "size"),
    [("icon.png", (256, 256)), ("icon@2x.png", (512, 512)), ("logo.png", None)],
)
def test_the_brand_is_there_in_the_right_size(name: str, size: tuple[int, int] | None) -> None:
    with Image.open(INTEGRATION / "brand" / name) as image:
        assert image.format == "PNG"
        assert image.mode == "RGBA"
        assert image.size == size or (size is None and 128 <= min(image.size) <= 256)


def test_names_that_users_automate_on_stay() -> None:
    assert const.EVENT_SIGHTING == "protect_narrator_sighting"


def test_every_action_and_every_field_of_it_is_named_and_explained() -> None:
    actions = yaml.safe_load((INTEGRATION / "services.yaml").read_text(encoding="utf-8"))
    strings = read("strings.json")["services"]
    assert list(actions) == list(strings) == list(read("icons.json")["services"])
    for name, action in actions.items():
        assert list(action["fields"]) == list(strings[name]["fields"])
        for part in (strings[name], *strings[name]["fields"].values()):
            assert part["name"]
            assert part["description"]


def test_the_values_that_can_be_filtered_by_are_all_offered() -> None:
    actions = yaml.safe_load((INTEGRATION / "services.yaml").read_text(encoding="utf-8"))
    fields = actions["get_sightings"]["fields"]
    offered = {
        name: fields[name]["selector"]["select"]["options"]
        for name in ("label", "importance", "fallback_reason")
    }
    assert offered == {
        "label": [label.value for label in Label],
        "importance": [importance.value for importance in Importance],
        "fallback_reason": list(REASONS),
    }
    assert {*fields, *TARGET} == {str(key) for key in FILTERS}


@pytest.mark.parametrize(("room", "prefix"), [("logbook", "logbook"), ("digests", "digest")])
def test_every_sentence_of_the_activity_and_of_digests_is_there(room: str, prefix: str) -> None:
    source = (INTEGRATION / f"{room}.py").read_text(encoding="utf-8")
    common = {key for key in read("strings.json")["common"] if key.startswith(f"{prefix}_")}
    assert set(re.findall(rf'"({prefix}_\w+)"', source)) == common


def test_every_error_of_an_action_has_its_message() -> None:
    source = (INTEGRATION / "services.py").read_text(encoding="utf-8")
    keys = set(re.findall(r'translation_key="(\w+)"', source))
    for path in INTEGRATION.glob("*.py"):
        source = path.read_text(encoding="utf-8")
        keys |= set(re.findall(r'(?:mistake|failure)\("(\w+)"', source))
    assert keys > {"camera_not_found", "bad_cursor", "no_history"}
    assert keys <= read("strings.json")["exceptions"].keys()
