"""Reads the forms of a page as a browser does: where they go, what they carry, which buttons they have."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass(frozen=True, slots=True)
class Button:
    """A submit button; without a name it adds nothing to what is sent."""

    name: str
    value: str
    label: str


@dataclass(slots=True)
class Form:
    """One form: `fields` holds every input's present value by its name."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[Button] = field(default_factory=list)

    def filled(self, values: Mapping[str, str], button: str | None = None) -> dict[str, str]:
        """Return what is sent when the inputs are filled so and the button with this value is pressed."""
        unknown = set(values) - set(self.fields)
        if unknown:
            raise LookupError(f"The form has no input {sorted(unknown)}.")
        pressed = next((each for each in self.buttons if button is None or each.value == button), None)
        if pressed is None:
            raise LookupError(f"The form has no button {button}.")
        sent = {**self.fields, **values}
        if pressed.name:
            sent[pressed.name] = pressed.value
        return sent


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.form: Form | None = None
        self.button: dict[str, str] | None = None
        self.label = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self.form)
        elif self.form is not None and tag in {"input", "textarea"} and given.get("name"):
            self.form.fields[given["name"]] = given.get("value", "")
        elif self.form is not None and tag == "button" and "disabled" not in given:
            self.button, self.label = given, ""

    def handle_data(self, data: str) -> None:
        if self.button is not None:
            self.label += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag == "button" and self.form is not None and self.button is not None:
            found = Button(self.button.get("name", ""), self.button.get("value", ""), self.label.strip())
            self.form.buttons.append(found)
            self.button = None


def read_forms(page: str) -> list[Form]:
    """Return the forms of the page, in their order."""
    reader = _FormReader()
    reader.feed(page)
    return reader.forms
