"""Any link that a person would paste: whose it is, and which instance it leads to, before any call."""

import pytest

from service.platforms.recognition import lobby_of, narrowed, read_pasted, recognise
from service.platforms.registry import build_registry

EVERY = build_registry(sandbox=True).descriptions()
# Known by the host: nothing has to answer.
CERTAIN = {
    # Jira Cloud: boards, issues, portals, filters, what mails and mobiles link to.
    "https://acme.atlassian.net": ("jira_cloud", "https://acme.atlassian.net"),
    "acme.atlassian.net": ("jira_cloud", "https://acme.atlassian.net"),
    "http://ACME.atlassian.net/": ("jira_cloud", "https://acme.atlassian.net"),
    "https://acme.atlassian.net/browse/SHOP-42": ("jira_cloud", "https://acme.atlassian.net"),
    "https://acme.atlassian.net/browse/SHOP-42?focusedCommentId=10100#comment-10100": (
        "jira_cloud",
        "https://acme.atlassian.net",
    ),
    "https://acme.atlassian.net/jira/software/c/projects/SHOP/boards/3?selectedIssue=SHOP-42": (
        "jira_cloud",
        "https://acme.atlassian.net",
    ),
    "https://acme.atlassian.net/jira/software/projects/SHOP/boards/3/backlog": (
        "jira_cloud",
        "https://acme.atlassian.net",
    ),
    "https://acme.atlassian.net/jira/core/projects/HR/list": ("jira_cloud", "https://acme.atlassian.net"),
    "https://acme.atlassian.net/jira/servicedesk/projects/HELP/queues/custom/1/HELP-7": (
        "jira_cloud",
        "https://acme.atlassian.net",
    ),
    "https://acme.atlassian.net/servicedesk/customer/portal/3/HELP-7": (
        "jira_cloud",
        "https://acme.atlassian.net",
    ),
    "https://acme.atlassian.net/issues/?jql=project%20%3D%20SHOP": (
        "jira_cloud",
        "https://acme.atlassian.net",
    ),
    "https://acme.atlassian.net/secure/RapidBoard.jspa?rapidView=3": (
        "jira_cloud",
        "https://acme.atlassian.net",
    ),
    "https://acme.atlassian.net/projects/SHOP/issues/SHOP-42": ("jira_cloud", "https://acme.atlassian.net"),
    "https://acme.jira.com/browse/SHOP-1": ("jira_cloud", "https://acme.jira.com"),
    # GitHub: repositories in every spelling, issues, boards of an organisation, what git shows.
    "https://github.com/acme": ("github", "https://github.com/acme"),
    "github.com/acme/site": ("github", "https://github.com/acme"),
    "https://www.github.com/acme/site": ("github", "https://github.com/acme"),
    "https://github.com/acme/site/issues/42#issuecomment-1": ("github", "https://github.com/acme"),
    "https://github.com/acme/site/pull/7/files": ("github", "https://github.com/acme"),
    "https://github.com/acme/site/issues?q=is%3Aopen+label%3Abug": ("github", "https://github.com/acme"),
    "https://github.com/orgs/acme/projects/5/views/1": ("github", "https://github.com/acme"),
    "https://github.com/orgs/acme/people": ("github", "https://github.com/acme"),
    "https://github.com/users/octocat/projects/1": ("github", "https://github.com/octocat"),
    "https://github.com/acme/site.git": ("github", "https://github.com/acme"),
    "git@github.com:acme/site.git": ("github", "https://github.com/acme"),
    "ssh://git@github.com/acme/site.git": ("github", "https://github.com/acme"),
    "ssh://git@github.com:22/acme/site.git": ("github", "https://github.com/acme"),
    "https://api.github.com/repos/acme/site/issues/42": ("github", "https://github.com/acme"),
    "https://acme.ghe.com/acme/site/pull/7": ("github", "https://acme.ghe.com/acme"),
    "https://acme.ghe.com/orgs/platform/projects/2": ("github", "https://acme.ghe.com/platform"),
    # GitLab: groups, projects, boards, service desk.
    "https://gitlab.com/acme": ("gitlab", "https://gitlab.com/acme"),
    "https://gitlab.com/acme/site/-/issues/42": ("gitlab", "https://gitlab.com/acme"),
    "https://gitlab.com/acme/web/site/-/merge_requests/7/diffs": ("gitlab", "https://gitlab.com/acme"),
    "https://gitlab.com/groups/acme/-/boards/12": ("gitlab", "https://gitlab.com/acme"),
    "https://gitlab.com/acme/site/-/work_items/42": ("gitlab", "https://gitlab.com/acme"),
    "git@gitlab.com:acme/web/site.git": ("gitlab", "https://gitlab.com/acme"),
    # ServiceNow: classic frames, the workspace, the portal, a record by its number.
    "https://acme.service-now.com": ("servicenow", "https://acme.service-now.com"),
    "https://acme.service-now.com/nav_to.do?uri=incident.do%3Fsys_id%3D9c573169c611228700193229fff72400": (
        "servicenow",
        "https://acme.service-now.com",
    ),
    "https://acme.service-now.com/now/nav/ui/classic/params/target/incident_list.do": (
        "servicenow",
        "https://acme.service-now.com",
    ),
    "https://acme.service-now.com/incident.do?sysparm_query=number=INC0010001": (
        "servicenow",
        "https://acme.service-now.com",
    ),
    "https://acme.service-now.com/sp?id=ticket&table=incident": (
        "servicenow",
        "https://acme.service-now.com",
    ),
    "https://acme.service-now.com/now/workspace/agent/record/incident/9c57": (
        "servicenow",
        "https://acme.service-now.com",
    ),
    "https://dev12345.service-now.com/$pa_dashboard.do": ("servicenow", "https://dev12345.service-now.com"),
    # Zendesk: the agent's view, a ticket, the help centre, the admin centre.
    "https://acme.zendesk.com": ("zendesk", "https://acme.zendesk.com"),
    "https://acme.zendesk.com/agent/tickets/42": ("zendesk", "https://acme.zendesk.com"),
    "https://acme.zendesk.com/agent/filters/360001234567": ("zendesk", "https://acme.zendesk.com"),
    "https://acme.zendesk.com/hc/en-us/requests/42": ("zendesk", "https://acme.zendesk.com"),
    "https://acme.zendesk.com/admin/people/team/members": ("zendesk", "https://acme.zendesk.com"),
    # Azure DevOps: work items, boards, the old host, its server-side collections.
    "https://dev.azure.com/contoso": ("azure_devops", "https://dev.azure.com/contoso"),
    "https://dev.azure.com/contoso/Shop/_workitems/edit/42": (
        "azure_devops",
        "https://dev.azure.com/contoso",
    ),
    "https://dev.azure.com/contoso/Shop/_boards/board/t/Shop%20Team/Stories": (
        "azure_devops",
        "https://dev.azure.com/contoso",
    ),
    "https://dev.azure.com/contoso/_git/Shop": ("azure_devops", "https://dev.azure.com/contoso"),
    "contoso.visualstudio.com": ("azure_devops", "https://dev.azure.com/contoso"),
    "https://contoso.visualstudio.com/Shop/_workitems/edit/42": (
        "azure_devops",
        "https://dev.azure.com/contoso",
    ),
    "https://contoso.visualstudio.com/DefaultCollection/Shop/_backlogs": (
        "azure_devops",
        "https://dev.azure.com/contoso",
    ),
    "git@ssh.dev.azure.com:v3/contoso/Shop/Shop": ("azure_devops", "https://dev.azure.com/contoso"),
    "contoso@vs-ssh.visualstudio.com:v3/contoso/Shop/Shop": ("azure_devops", "https://dev.azure.com/contoso"),
    # Salesforce: Lightning records, the domain itself, a sandbox, a developer's org.
    "https://acme.my.salesforce.com": ("salesforce", "https://acme.my.salesforce.com"),
    "https://acme.my.salesforce.com/5003000000D8cuI": ("salesforce", "https://acme.my.salesforce.com"),
    "https://acme.lightning.force.com/lightning/r/Case/5003000000D8cuIAAR/view": (
        "salesforce",
        "https://acme.my.salesforce.com",
    ),
    "https://acme.lightning.force.com/lightning/o/Case/list?filterName=Recent": (
        "salesforce",
        "https://acme.my.salesforce.com",
    ),
    "https://acme--uat.sandbox.lightning.force.com/lightning/page/home": (
        "salesforce",
        "https://acme--uat.sandbox.my.salesforce.com",
    ),
    "https://acme-dev-ed.develop.lightning.force.com/lightning/setup/SetupOneHome/home": (
        "salesforce",
        "https://acme-dev-ed.develop.my.salesforce.com",
    ),
    "https://acme.my.salesforce-setup.com/lightning/setup/SetupOneHome/home": (
        "salesforce",
        "https://acme.my.salesforce.com",
    ),
}
# Known by the path: a guess, which the host has to confirm.
GUESSED = {
    "https://redmine.example.com/issues/42": ("redmine", "https://redmine.example.com"),
    "https://redmine.example.com/issues/42#note-3": ("redmine", "https://redmine.example.com"),
    "https://example.com/redmine/issues/42": ("redmine", "https://example.com/redmine"),
    "https://intra.example.com/apps/redmine/projects/shop/issues": (
        "redmine",
        "https://intra.example.com/apps/redmine",
    ),
    "https://redmine.example.com/projects/shop": ("redmine", "https://redmine.example.com"),
    "https://redmine.example.com/projects/shop/wiki/Start": ("redmine", "https://redmine.example.com"),
    "http://redmine.example.com:3000/projects/shop/agile/board": (
        "redmine",
        "http://redmine.example.com:3000",
    ),
    "https://redmine.example.com/projects/shop/issues?set_filter=1&tracker_id=1": (
        "redmine",
        "https://redmine.example.com",
    ),
    "https://tracker.example.com/browse/SHOP-42": ("jira_data_center", "https://tracker.example.com"),
    "https://tracker.example.com/jira/browse/SHOP-42": (
        "jira_data_center",
        "https://tracker.example.com/jira",
    ),
    "https://tracker.example.com/jira/secure/RapidBoard.jspa?rapidView=3": (
        "jira_data_center",
        "https://tracker.example.com/jira",
    ),
    "https://tracker.example.com/secure/Dashboard.jspa": ("jira_data_center", "https://tracker.example.com"),
    "https://tracker.example.com/projects/SHOP/issues/SHOP-42": (
        "jira_data_center",
        "https://tracker.example.com",
    ),
    "https://rt.example.com/Ticket/Display.html?id=42": ("request_tracker", "https://rt.example.com"),
    "https://example.com/rt/Ticket/Display.html?id=42": ("request_tracker", "https://example.com/rt"),
    "https://rt.example.com/Search/Results.html?Query=Queue%3D'General'": (
        "request_tracker",
        "https://rt.example.com",
    ),
    "https://rt.example.com/SelfService/Display.html?id=42": ("request_tracker", "https://rt.example.com"),
    "https://bugs.example.com/tracker/issue42": ("roundup", "https://bugs.example.com/tracker"),
    "https://bugs.example.com/issue42": ("roundup", "https://bugs.example.com"),
    "https://desk.example.com/support/admin/tickets/42": ("escalated", "https://desk.example.com/support"),
    "https://desk.example.com/helpdesk/tickets/42/": ("django_helpdesk", "https://desk.example.com/helpdesk"),
    "https://code.example.com/acme/site/-/issues/42": ("gitlab", "https://code.example.com"),
    "https://example.com/gitlab/acme/site/-/boards": ("gitlab", "https://example.com/gitlab"),
    "https://github.example.com/acme/site/issues/42": ("github", "https://github.example.com"),
    "https://parley.example.com/sandbox/acme/anything": (
        "sandbox",
        "https://parley.example.com/sandbox/acme",
    ),
}
# Nobody's instance: the vendors' own pages, and neighbours that only look alike.
NOBODYS = (
    "https://github.com",
    "https://github.com/features",
    "https://github.com/orgs",
    "https://gitlab.com/explore",
    "https://acme.atlassian.net/wiki/spaces/DOC/pages/1",
    "https://acme.atlassian.net.evil.example/browse",
    "https://evilatlassian.net",
    "https://www.zendesk.com/pricing",
    "https://support.zendesk.com/hc/en-us",
    "https://docs.service-now.com",
    "https://dev.azure.com",
    "https://login.salesforce.com",
    "https://github.com.evil.example/",
    "https://acme.example/some/page",
)


# What somebody who adds an instance means by a link: that system, and one repository or group where it is named.
ADDED = {
    ("github", "https://github.com/acme"): "https://github.com/acme",
    ("github", "https://github.com/acme/site"): "https://github.com/acme/site",
    ("github", "https://github.com/acme/site/issues/42"): "https://github.com/acme",
    ("github", "https://github.com/orgs/acme/projects/5"): "https://github.com/acme",
    ("github", "https://acme.ghe.com/acme/site"): "https://acme.ghe.com/acme/site",
    ("github", "https://github.example.com/acme/site/pull/7"): "https://github.example.com",
    ("github", "https://github.example.com/acme"): "https://github.example.com/acme",
    ("gitlab", "https://gitlab.com/acme/web"): "https://gitlab.com/acme/web",
    ("gitlab", "https://gitlab.com/groups/acme/-/boards/12"): "https://gitlab.com/acme",
    ("azure_devops", "contoso.visualstudio.com"): "https://dev.azure.com/contoso",
    ("jira_cloud", "https://acme.atlassian.net/browse/SHOP-42"): "https://acme.atlassian.net",
    ("jira_data_center", "https://x.example/jira/browse/SHOP-42"): "https://x.example/jira",
    ("redmine", "https://x.example/redmine/issues/42"): "https://x.example/redmine",
    ("redmine", "https://x.example/browse/SHOP-42"): "https://x.example/browse/SHOP-42",
}
LOBBIES = {
    "https://github.com": "github",
    "https://github.com/features": "github",
    "https://dev.azure.com": "azure_devops",
    "https://visualstudio.com": "azure_devops",
    "https://gitlab.com/explore": "gitlab",
    "https://id.atlassian.com/manage": "jira_cloud",
    "https://acme.atlassian.net/wiki/spaces/DOC/pages/1": "jira_cloud",
    "https://login.salesforce.com": "salesforce",
    "https://www.servicenow.com": "servicenow",
    "https://www.zendesk.com/pricing": "zendesk",
}


@pytest.mark.parametrize("added", ADDED, ids=" ".join)
def test_a_link_to_an_instance_of_ones_own_leads_to_it(added: tuple[str, str]) -> None:
    platform, pasted = added
    description = next(each for each in EVERY if each.name == platform)
    found = narrowed(description, read_pasted(pasted))
    assert found == ADDED[added]
    assert narrowed(description, read_pasted(found)) == found, "what it leads to stays as it is"


@pytest.mark.parametrize("pasted", LOBBIES)
def test_a_vendors_own_page_is_known_for_what_it_is(pasted: str) -> None:
    home = lobby_of(EVERY, read_pasted(pasted))
    assert home is not None
    assert home.name == LOBBIES[pasted]


@pytest.mark.parametrize("pasted", [*CERTAIN, *GUESSED, "https://acme.example", "https://evilgithub.com"])
def test_what_leads_to_an_instance_or_is_nobodys_is_no_vendors_page(pasted: str) -> None:
    assert lobby_of(EVERY, read_pasted(pasted)) is None


@pytest.mark.parametrize("pasted", CERTAIN)
def test_a_link_is_known_by_its_host(pasted: str) -> None:
    found = recognise(EVERY, read_pasted(pasted))
    assert found is not None
    assert (found.platform, found.instance_url, found.certain) == (*CERTAIN[pasted], True)


@pytest.mark.parametrize("pasted", GUESSED)
def test_a_link_is_guessed_by_its_path(pasted: str) -> None:
    found = recognise(EVERY, read_pasted(pasted))
    assert found is not None
    assert (found.platform, found.instance_url, found.certain) == (*GUESSED[pasted], False)


@pytest.mark.parametrize("pasted", NOBODYS)
def test_a_link_that_leads_to_no_instance_is_nobodys(pasted: str) -> None:
    assert recognise(EVERY, read_pasted(pasted)) is None


def test_the_table_is_long() -> None:
    """Of a platform that is added later, the examples in its own file are tried in test_registry.py."""
    assert len(CERTAIN) + len(GUESSED) >= 80
