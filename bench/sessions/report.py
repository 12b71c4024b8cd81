"""The tables that `python -m bench.sessions` prints."""

from collections.abc import Sequence

from bench.requests import Figures
from bench.sessions import revoking, storm
from bench.sessions.beside import OURS, Beside
from bench.sessions.revoking import Refusals
from bench.sessions.storm import Stormed
from bench.sessions.unhashed import Unhashed

PASSWORD = "POST /v1/sign-in/password"
MOST_BESIDE_HASH = 2000.0
_GOALS = (
    ("session check", "better-auth", "session check", 4.0),
    ("introspection", "better-auth", "session check", 4.0),
    ("session check", "oidc-provider", "introspection", 1.0),
    ("introspection", "oidc-provider", "introspection", 1.0),
    ("refresh (face)", "oidc-provider", "refresh", 2.0),
    ("refresh (/v1)", "oidc-provider", "refresh", 2.0),
)
_SIGN_INS = ("sign-ins/s", "refused/s")
NOTES = """
What differs: our session check answers with the whole profile and the application's Ed25519
signature over it, and verifies an ES256 token; Better Auth finds a row by a random token and checks
an HMAC. Our access tokens are JWTs whose session is read each time; oidc-provider's are random
texts. A renewal signs one ES256 token on both sides: the access token here, whose refresh token
carries an HMAC; the ID token there, whose access and refresh tokens are random texts. Better Auth
hashes with scrypt (N 16384, r 16), we with Argon2id (19 MiB, 2 passes), so sign-ins a second
compare hashes before anything else. oidc-provider's statements are prepared by name, as ours are;
Better Auth's adapter prepares none. Node's hashes run in its own pool of four threads."""


def passwords(figures: Sequence[Figures], hash_cost: float, unhashed: Unhashed) -> str:
    """How much of a password sign-in is not the hash."""
    lines = []
    for each in figures:
        if each.name == PASSWORD:
            rest = each.own + each.own_database - hash_cost
            bare = each.floor + each.floor_database - hash_cost
            alone = unhashed.server + unhashed.database
            verdict = "" if alone <= MOST_BESIDE_HASH else " (missed)"
            goal = f"≤ {MOST_BESIDE_HASH:.0f}"
            alone_shown = f"{unhashed.server:.0f} + {unhashed.database:.0f}"
            lines += [
                "",
                f"A password sign-in is a hash ({hash_cost:.0f} µs in a bare server) and the rest:",
                "",
                "| the rest of a sign-in | µs | goal |",
                "|---|---:|---:|",
                f"| where the hash costs nothing | {alone_shown} = {alone:.0f}{verdict} | {goal} |",
                f"| beside the hash, whose 19 MiB leave every cache cold | {rest:.0f} | |",
                f"| of the floor with the same statements, beside the hash | {bare:.0f} | |",
            ]
    return "\n".join(lines)


def beside(found: Sequence[Beside], threads: int) -> str:
    """Rates, latencies and CPU of all servers, then the goals."""
    lines = [
        "",
        "## Side by side",
        "",
        f"One worker each on one core (ours with {threads} threads), four connections.",
        "",
        "| server | request | req/s | p50 ms | p99 ms | server µs | database µs |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for each in sorted(found, key=lambda each: each.case):
        rate, p50, p99, server, database = (each.median(column) for column in range(5))
        lines.append(
            f"| {each.server} | {each.case} | {rate:.0f} | {p50:.2f} | {p99:.1f} "
            f"| {server:.0f} | {database:.0f} |"
        )
    lines += ["", "| rate of ours / rate of theirs | ratio | goal |", "|---|---:|---:|"]
    rates = {(each.server, each.case): each.rate for each in found}
    for ours, theirs, case, goal in _GOALS:
        ratio = rates[OURS, ours] / rates[theirs, case]
        verdict = "" if ratio >= goal else " (missed)"
        lines.append(f"| {ours} / {theirs} {case} | {ratio:.1f}{verdict} | ≥ {goal:.0f} |")
    return "\n".join([*lines, NOTES])


def storms(found: Sequence[Stormed], shape: tuple[int, int]) -> str:
    """Session checks while sign-ins take what they can."""
    workers, threads = shape
    lines = [
        "",
        "## While eight connections sign in by password",
        "",
        f"Ours with {workers} workers of {threads} threads, Better Auth with its one process.",
        "All cores for everybody, the load included. Four connections check sessions.",
        "",
        _row("server", "alone/s", "p99 ms", "beside/s", "share", "p50 ms", "p99 ms", *_SIGN_INS),
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for each in found:
        is_ours = each.server == OURS
        share = " (missed)" if is_ours and each.share < storm.SHARE else ""
        late = " (missed)" if is_ours and each.beside_p99 > storm.LONGEST else ""
        lines.append(
            f"| {each.server} | {each.alone:.0f} | {each.alone_p99:.1f} | {each.beside:.0f} "
            f"| {each.share:.0%}{share} | {each.beside_p50:.1f} | {each.beside_p99:.1f}{late} "
            f"| {each.sign_ins:.0f} | {each.refused:.0f} |"
        )
    goal = (
        f"Goal: a share of at least {storm.SHARE:.0%}, and a p99 of at most {storm.LONGEST:.0f} ms."
    )
    return "\n".join([*lines, "", goal])


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def refusals(found: Sequence[Refusals]) -> str:
    """How soon what was ended is refused."""
    lines = [
        "",
        "## From the click to the refusal",
        "",
        f"{revoking.WORKERS} workers, {revoking.LINES} connections that ask without a pause.",
        "",
        _row("click", "times", "first refusal p50 ms", "p99 ms", "everywhere p99 ms", "goal ms"),
        "|---|---:|---:|---:|---:|---:|",
    ]
    for each in found:
        middle, first, last = (
            1000 * value
            for value in (
                sorted(each.first)[len(each.first) // 2],
                each.p99(each.first),
                each.p99(each.everywhere),
            )
        )
        verdict = "" if last <= 1000 * revoking.GOAL else " (missed)"
        lines.append(
            f"| {each.name} | {len(each.first)} | {middle:.1f} | {first:.1f} | {last:.1f}{verdict} "
            f"| ≤ {1000 * revoking.GOAL:.0f} |"
        )
    return "\n".join(lines)
