"""A model's tokenizer with its own chat template, whose settings (`enable_thinking`) are fixed."""

import contextlib
import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jinja2 import TemplateError

from scripts.lib.machine.imports import quick_imports

PROBE = "Tom has 23 boxes of 4 eggs; how many eggs?"
FOLD_SYSTEM = "fold_system"  # of the config's models; among the settings no variable of a template
# A system message becomes the head of the user's: Jinja's `messages` is set anew for what follows.
FOLDED = (
    "{%- if messages[0].role == 'system' %}{%- set messages = [{'role': 'user', 'content': "
    "messages[0].content ~ '\n\n' ~ messages[1].content}] + messages[2:] %}{%- endif %}"
)


def load_tokenizer(folder: Path, chat_template_kwargs: dict[str, Any] | None = None) -> Any:
    """Return a checkpoint's tokenizer, its chat template set; exit if it has none."""
    with quick_imports(without="sklearn"):
        from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    tokenizer.clean_up_tokenization_spaces = False  # it would drop spaces that a model wrote
    tokenizer.chat_template = one_template(tokenizer.chat_template, folder)
    set_template_settings(tokenizer, chat_template_kwargs or {})
    require_encoding(tokenizer, folder)
    return tokenizer


def require_encoding(tokenizer: Any, folder: Path) -> None:
    """Exit with the cure if a tokenizer cannot encode a chat in its own template.

    Without its vocabulary's file transformers makes up a tokenizer of a few tokens, to which every
    word is unknown. Letters and digits alone are compared: some tokenizers change case or spaces.
    """
    ids = prompt_ids(tokenizer, [{"role": "user", "content": PROBE}])
    lost = plain(PROBE) not in plain(tokenizer.decode(ids))
    if lost or tokenizer.unk_token_id in set(ids) - {tokenizer.eos_token_id}:
        raise SystemExit(
            f"{folder}: the tokenizer cannot encode its own chat template: of {PROBE!r} in a chat "
            f"{tokenizer.decode(ids)[-80:]!r} is left, with a vocabulary of {len(tokenizer)} "
            "tokens. Put the file of its vocabulary (tokenizer.json, tokenizer.model, ...) and its "
            "special tokens beside it"
        )


def plain(text: str) -> str:
    """Return the letters and digits of a text, in lower case."""
    return "".join(letter for letter in text.lower() if letter.isalnum())


def one_template(template: str | dict[str, str] | None, folder: Path) -> str:
    """Return a checkpoint's chat template, of several the one named `default`.

    Raises SystemExit, with the cure, if there is none.
    """
    if isinstance(template, dict) and "default" not in template:
        raise SystemExit(
            f"{folder}: the tokenizer has several chat templates ({', '.join(template)}) and none "
            "of them is `default`; put the right one into its folder as chat_template.jinja, alone"
        )
    template = template["default"] if isinstance(template, dict) else template
    if not template:
        raise SystemExit(
            f"{folder}: the tokenizer has no chat template, but every prompt of the study is a "
            "chat; take a model that has one, or put a chat_template.jinja into its folder"
        )
    if not isinstance(template, str):
        raise SystemExit(f"{folder}: its chat template is no text; get its files anew")
    return template


ENDLESS = (RecursionError, MemoryError, TimeoutError)
RENDERING_SECONDS = 20.0  # one chat; an honest template takes a millisecond


@contextlib.contextmanager
def refusals_named(folder: Path | str) -> Iterator[None]:
    """Exit with the cure where a chat template refuses its messages, or fails at them.

    transformers renders it in a sandbox, whose own refusals are among these.
    """
    try:
        yield
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, *ENDLESS) as error:
        raise SystemExit(
            f"{folder}: its chat template refuses the prompt: {error or 'it is endless'}. If it "
            "takes no system message: `fold_system: true` in the config's `models` writes its text "
            "at the head of the user's; or give a prompt without `system`"
        ) from None


@contextlib.contextmanager
def one_chat(folder: Path | str) -> Iterator[None]:
    """Exit with the cure where a chat template refuses one chat, or takes long for it."""
    with refusals_named(folder), time_limit(RENDERING_SECONDS):
        yield


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in what computes longer; without effect outside a process's main thread.

    The sandbox allows loops in loops, which end in years. Waiting does not count: a job may be
    suspended, or its machine busy.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise TimeoutError(f"it computes longer than {seconds:g} s")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def prompt_ids(tokenizer: Any, turns: list[dict[str, str]]) -> list[int]:
    """Return the token ids of a chat up to where the assistant answers.

    Raises SystemExit, with the cure, if the chat template refuses the messages.
    """
    with one_chat(tokenizer.name_or_path):
        return tokenizer.apply_chat_template(
            turns, add_generation_prompt=True, tokenize=True, return_dict=True
        )["input_ids"]


def set_template_settings(tokenizer: Any, chat_template_kwargs: dict[str, Any]) -> None:
    """Fix variables of a tokenizer's chat template, for everything that renders with it."""
    if chat_template_kwargs:
        tokenizer.chat_template = with_settings(tokenizer.chat_template, chat_template_kwargs)


def with_settings(template: str, chat_template_kwargs: dict[str, Any]) -> str:
    """Return a chat template in which variables are fixed.

    LightEval and TRL call the template in places that pass no variables on, so they are set at its
    head; the names are those of `apply_chat_template(..., **chat_template_kwargs)`. `fold_system`
    among them is the study's own: a system message becomes the head of the user's.
    """
    variables = {name: value for name, value in chat_template_kwargs.items() if name != FOLD_SYSTEM}
    head = "".join(
        f"{{%- set {name} = {json.dumps(value)} %}}" for name, value in variables.items()
    )
    if chat_template_kwargs.get(FOLD_SYSTEM):
        head += FOLDED
    return head + template
