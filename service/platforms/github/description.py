"""What GitHub offers and asks for, as data, in the words of its own English pages."""

from service.platforms.calls import origin
from service.platforms.description import (
    Link,
    OAuth,
    OAuthScope,
    PermissionNeed,
    PlatformDescription,
    Proof,
    SignInField,
    SignInMethod,
)
from service.words import Mode, Scope

NAME = "github"
LABEL = "GitHub"
OAUTH = "oauth"
TOKEN = "token"  # noqa: S105 - the name of a sign-in method

READ, WRITE = "pull", "push"
_ROLES = "GitHub: the repository → Settings → Collaborators and teams → the connection's user → Role"
NEEDS_READ = f"{_ROLES}: Read; for a fine-grained token also Repository permissions → Issues: Read-only"
NEEDS_WRITE = (
    f"{_ROLES}: Write; for a fine-grained token also Repository permissions → Issues: Read and write"
)
CLASSIC_SCOPE = "GitHub: Settings → Developer settings → Personal access tokens → the token → repo"
MAKE_OWNER = "the organisation → People → the person → Change role → Owner"
APPROVE_APP = "approve it: the organisation → Settings → Third-party Access → OAuth app policy"
MAKE_REPOSITORY_ADMIN = "the repository → Settings → Collaborators and teams → the person → Role: Admin"


def _need(scope: Scope, permission: str, reason: str) -> PermissionNeed:
    label, where = ("Read", NEEDS_READ) if permission == READ else ("Write", NEEDS_WRITE)
    return PermissionNeed(scope, permission, f"{label} role", reason, where)


# GitHub's own pages stand where owners do.
OWNER = (
    r"(?!(?:about|apps|codespaces|collections|contact|customer-stories|dashboard|enterprise|enterprises|events|explore"
    r"|features|issues|join|login|logout|marketplace|new|notifications|organizations|orgs|pricing|projects|pulls|repos"
    r"|search|security|settings|signup|site|sponsors|stars|team|topics|trending|users)(?:/|$))[a-z0-9][a-z0-9-]{0,38}"
)
REPOSITORY = rf"/{OWNER}/[a-z0-9._-]+(?<!\.git)"
PERMISSIONS = (
    _need(Scope.ITEMS_READ, READ, "To read the issues that are to be synchronised."),
    _need(
        Scope.ITEMS_WRITE,
        WRITE,
        "To create and change issues: without it GitHub drops labels, assignees and types without saying so.",
    ),
    _need(Scope.COMMENTS_READ, READ, "To read the comments of issues."),
    _need(Scope.COMMENTS_WRITE, WRITE, "To add the other side's comments, also to locked conversations."),
    _need(Scope.ATTACHMENTS_READ, READ, "To read the files that issues and comments link to."),
    _need(
        Scope.ATTACHMENTS_WRITE,
        WRITE,
        "To link the other side's files from comments: GitHub's API takes no files for an issue.",
    ),
)

DESCRIPTION = PlatformDescription(
    name=NAME,
    label=LABEL,
    modes=frozenset({Mode.SCRIPT, Mode.BASIC}),
    local=False,
    local_why_not="GitHub does not offer local connections: two of its repositories cannot be connected here.",
    sign_in=(
        SignInMethod(
            OAUTH,
            "Sign in with GitHub",
            oauth=OAuth(
                authorize_url="{server}/login/oauth/authorize",
                token_url="{server}/login/oauth/access_token",  # noqa: S106 - a URL, not a token
                scopes=(OAuthScope("read:org", "To see whether you are an owner of the organisation."),),
                where_to_register="GitHub: the organisation → Settings → Developer settings → OAuth Apps → New",
                server=origin,
            ),
        ),
        SignInMethod(
            TOKEN,
            "Personal access token",
            (
                SignInField(
                    "token",
                    "Personal access token",
                    secret=True,
                    help="GitHub shows it once under Settings → Developer settings → Personal access tokens. A classic "
                    "token needs read:org, for a private repository repo. Used for this one check, never kept.",
                ),
            ),
        ),
    ),
    permissions=PERMISSIONS,
    minimum_version="3.10 (Enterprise Server)",
    tested_with="a stateful emulator for sign-in page, repositories and fields; admin and refusals by contract tests "
    "made from GitHub's own API description",
    admin_right=f"An active owner of the organisation ({MAKE_OWNER}), the account itself, or an admin of the "
    f"repository ({MAKE_REPOSITORY_ADMIN}); of a whole Enterprise Server, a site administrator.",
    proved=Proof.EMULATOR,
    links=(
        Link(
            example="https://github.com/acme/site/issues/42",
            host=r"(?:www\.|api\.)?github\.com",
            path=rf"/(?:orgs/|repos/|users/)?(?P<owner>{OWNER})(?:/.*)?",
            instance="https://github.com/{owner}",
            narrower=REPOSITORY,
        ),
        Link(
            example="https://acme.ghe.com/acme/site/pull/7",
            host=r"(?P<company>[a-z0-9][a-z0-9-]*)\.ghe\.com",
            path=rf"/(?:orgs/)?(?P<owner>{OWNER})(?:/.*)?",
            instance="https://{company}.ghe.com/{owner}",
            narrower=REPOSITORY,
        ),
        Link(
            example="https://github.example.com/acme/site/issues/42",
            path=rf"/{OWNER}/[^/]+/(?:issues|pulls?)(?:/[0-9]+)?/?",
            instance="{origin}",
        ),
    ),
)
