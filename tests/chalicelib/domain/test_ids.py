"""Session ids can be said aloud by anybody, to anybody, and rarely collide."""

import codecs
import random
import re
from collections import Counter
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.ids import PickBelow, participant_id, session_id
from chalicelib.domain.words import ADJECTIVES, NOUNS

# In ROT13, so that nobody has to read them. _WORDS must not be words of an id; _PARTS must not be
# seen anywhere in one, read without hyphens; _SEAMS not where the two words meet ("pen-island"),
# but they are harmless within one ("compass").
_WORDS = codecs.decode(
    """
    ncr nefr onq onyq onyyf ornire oynpx oybbql oybj obar obbo oebja ohgg pbpx pbj penpxre
    pevccyr pebff pehfnqr qnqql qnex qrnq qrivy qvpx qvegl qbt qentba qehax qhzo qjnes robal sng
    svfg syrfu tnl tvnag tvzc tbq tbbx ubyr ubyl ubbxre ubea ubeal ubg uhzc vibel vqvbg vafnar
    wnpxnff wnc wrj wbvag xhfu ynzr yhfg zna znfgre zngr zbvfg zbaxrl zbba anxrq avccyr ahg ahgf
    ahqr byq betl cnafl crpxre crr cvt cvax cbyr cbg cevpx cevrfg cebhq chffl dhrre eng erq
    ergneq ebq ebbfgre fnperq fnvag fpneyrg fubg fvpx fynir fznyy fanxr fhpx fjnyybj gvtug gvgf
    gbby genaal gehzc htyl ivetva jrrq jrg juvgr jvgpu jbzna jbbq lryybj mvba jvzc
    """,
    "rot13",
).split()
_PARTS = codecs.decode(
    """
    nany nahf onfgneq ovgpu pbpx penc phag phz qntb qrngu qlxr snt shpx uryy uvgyre vfvf wvunq
    wvfz xvxr xvyy xxx anmv arteb avtt cravf cvff cbb cbea chor encr frk fuvg fyhg fcrez fcvp
    gheq gjng intvan jnax juber
    """,
    "rot13",
).split()
_SEAMS = codecs.decode(
    """
    ncr nefr nff obbo ohgg pbba qnza qvpx sng tnl ubr wnc wrj avt crr gvg jbc
    """,
    "rot13",
).split()

ADJECTIVE_AND_NOUN = tuple(product(ADJECTIVES, NOUNS))


@pytest.mark.parametrize("words", [ADJECTIVES, NOUNS], ids=["adjectives", "nouns"])
def test_words_are_short_lowercase_ascii_unique_and_sorted(words: tuple[str, ...]) -> None:
    assert all(re.fullmatch(r"[a-z]{3,9}", word) for word in words)
    assert all(first < second for first, second in pairwise(words))


def test_no_word_is_in_both_lists() -> None:
    assert not set(ADJECTIVES) & set(NOUNS)


def test_no_word_is_on_the_blocklist() -> None:
    assert not set(ADJECTIVES + NOUNS) & set(_WORDS + _PARTS)


def test_no_pair_spells_anything_on_the_blocklist_when_read_without_the_hyphen() -> None:
    spelt = re.compile("|".join(_PARTS))

    assert [pair for pair in ADJECTIVE_AND_NOUN if spelt.search("".join(pair))] == []


def test_no_pair_spells_anything_on_the_blocklist_where_its_words_meet() -> None:
    # "compass" holds a listed part and is fine; the end of one word and the start of the next
    # together are read as one, which is what this looks for.
    splits = [(part[:cut], part[cut:]) for part in _SEAMS for cut in range(1, len(part))]

    assert [
        (adjective, noun)
        for adjective, noun in ADJECTIVE_AND_NOUN
        for end, start in splits
        if adjective.endswith(end) and noun.startswith(start)
    ] == []


@given(st.randoms(use_true_random=False))
def test_a_session_id_has_the_form_of_the_protocol(randomness: random.Random) -> None:
    assert re.fullmatch(r"[a-z]+-[a-z]+-[0-9]{3}", session_id(randomness.randrange))


@pytest.mark.parametrize(
    ("pick", "expected"),
    [
        (lambda _: 0, f"{ADJECTIVES[0]}-{NOUNS[0]}-000"),
        (lambda below: below - 1, f"{ADJECTIVES[-1]}-{NOUNS[-1]}-999"),
    ],
    ids=["lowest", "highest"],
)
def test_the_randomness_decides_the_id_alone(pick: PickBelow, expected: str) -> None:
    assert session_id(pick) == expected


def test_session_ids_are_spread_evenly_and_collide_as_rarely_as_chance_has_it() -> None:
    randomness = random.Random(427)
    ids = [session_id(randomness.randrange) for _ in range(20_000)]
    space = len(ADJECTIVES) * len(NOUNS) * 1000

    # By chance 20,000 of that many ids have about three equal pairs, and hardly ever ten.
    assert space > 50_000_000
    assert len(ids) - len(set(ids)) < 10
    for position, words in enumerate([ADJECTIVES, NOUNS]):
        used = Counter(name.split("-")[position] for name in ids)
        mean = len(ids) / len(words)
        assert set(used) == set(words)
        assert max(used.values()) < 2 * mean


@given(st.randoms(use_true_random=False))
def test_a_participant_id_is_thirty_two_hexadecimal_digits(randomness: random.Random) -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", participant_id(randomness.randrange))


def test_participant_ids_use_all_128_bits() -> None:
    assert participant_id(lambda _: 0) == "0" * 32
    assert participant_id(lambda below: below - 1) == "f" * 32
