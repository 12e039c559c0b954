"""What GitLab offers and asks for, as data, in the words of its own English pages."""

from urllib.parse import urlsplit

from service.platforms.calls import origin
from service.platforms.description import (
    Link,
    OAuth,
    OAuthScope,
    PermissionNeed,
    PlatformDescription,
    Proof,
    RefreshTokens,
    SignInField,
    SignInMethod,
)
from service.words import Mode, Scope

NAME = "gitlab"
LABEL = "GitLab"
OAUTH = "oauth"
TOKEN = "token"  # noqa: S105 - the name of a sign-in method
CLOUD = "gitlab.com"

GUEST, REPORTER = "guest", "reporter"
_MEMBERS = "GitLab: the project → Manage → Members → the connection's user → Role"
API_SCOPE = "GitLab: the connection's user → Edit profile → Access tokens → a token with the scope api"
MAKE_OWNER = "the group → Manage → Members → the person → Owner"
MAKE_MAINTAINER = "the project → Manage → Members → the person → Maintainer"
MAKE_ADMIN = "Admin area → Users → the person → Edit → Access level: Administrator"


def server(instance_url: str) -> str:
    """Return where GitLab itself stands: the path of a URL on gitlab.com names a group, elsewhere a place."""
    is_cloud = (urlsplit(instance_url).hostname or "") == CLOUD
    return origin(instance_url) if is_cloud else instance_url.rstrip("/")


def _need(scope: Scope, permission: str, reason: str) -> PermissionNeed:
    return PermissionNeed(
        scope, permission, f"{permission.capitalize()} role", reason, f"{_MEMBERS}: {permission.capitalize()}"
    )


# GitLab's own pages stand where groups do.
GROUP = (
    r"(?!(?:-|admin|api|dashboard|explore|groups|help|import|invites|jwt|oauth|profile|projects|public|search|snippets"
    r"|unsubscribes|uploads|users|v2)(?:/|$))[a-z0-9_][a-z0-9_.-]*"
)
PERMISSIONS = (
    _need(Scope.ITEMS_READ, GUEST, "To read the issues that are to be synchronised."),
    _need(Scope.ITEMS_WRITE, REPORTER, "To create issues, and to set their labels, milestone and assignees."),
    _need(Scope.COMMENTS_READ, GUEST, "To read the comments of issues."),
    _need(
        Scope.COMMENTS_WRITE, REPORTER, "To add the other side's comments, internal ones as internal notes."
    ),
    _need(Scope.ATTACHMENTS_READ, GUEST, "To read the files that issues and comments link to."),
    _need(Scope.ATTACHMENTS_WRITE, REPORTER, "To upload the other side's files to the project."),
)

DESCRIPTION = PlatformDescription(
    name=NAME,
    label=LABEL,
    modes=frozenset({Mode.SCRIPT, Mode.BASIC}),
    local=True,
    local_why_not=None,
    sign_in=(
        SignInMethod(
            OAUTH,
            "Sign in with GitLab",
            oauth=OAuth(
                authorize_url="{server}/oauth/authorize",
                token_url="{server}/oauth/token",  # noqa: S106 - a URL, not a token
                scopes=(OAuthScope("read_api", "To see who you are, and whether you own the group."),),
                user_scopes=(
                    OAuthScope(
                        "api", "To read and write issues and comments: GitLab has no narrower scope for it."
                    ),
                ),
                where_to_register="GitLab: the group → Settings → Applications (or Admin area → Applications)",
                refresh_tokens=RefreshTokens.ROTATE,
                server=server,
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
                    help="GitLab shows it once under Edit profile → Access tokens. It needs the scope read_api; where "
                    "Admin Mode is on, admin_mode too. Used for this one check, never kept.",
                ),
            ),
        ),
    ),
    permissions=PERMISSIONS,
    minimum_version="15.0",
    tested_with="answers made from GitLab's documents",
    admin_right=f"On gitlab.com an owner of the group ({MAKE_OWNER}) or a maintainer of the project; on a server "
    f"of your own an administrator ({MAKE_ADMIN}).",
    proved=Proof.FIXTURES,
    links=(
        Link(
            example="https://gitlab.com/acme/site/-/issues/42",
            host=r"(?:www\.)?gitlab\.com",
            path=rf"/(?:groups/)?(?P<group>{GROUP})(?:/.*)?",
            instance="https://gitlab.com/{group}",
            narrower=rf"/{GROUP}(?:/[a-z0-9_][a-z0-9_.-]*)*(?<!\.git)",
        ),
        Link(
            example="https://code.example.com/gitlab/acme/site/-/issues/42",
            path=r"(?P<context>(?:/gitlab)?)/[^-].*/-/.+",
            instance="{origin}{context}",
        ),
    ),
)
