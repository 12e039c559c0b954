"""Checks, server side: which issuer is asked, who asks, and what the asking client's own address has to show."""

from tests.security.check import Check

CLIENTS = "service/authorization/clients/authentication.py"
DOCUMENTS = "service/authorization/clients/documents.py"
PUSHING = "service/authorization/requests/pushing.py"
T = "tests/authorization/"
T_CLIENTS = T + "test_checks_clients.py::"
T_CHEAP = T_CLIENTS + "test_cheap_checks_before_any_fetch"
T_DOCUMENTS = T + "test_checks_client_documents.py::"
T_DOCUMENT = T_DOCUMENTS + "test_the_client_document_must_be_valid"
T_ALONE = T + "test_checks_alone.py::"
NEVER_FROM_HOST = "issuer from configuration, never from Host"
CHEAP = "cheap checks before any fetch"
CLIENT_ID = "`client_id` is the https URL of A's client document"
PRIVATE_KEY_JWT = "`private_key_jwt` (7523, `aud` = issuer string only)"

ISSUER = (
    Check(
        "issuer-from-configuration-never-from-host",
        NEVER_FROM_HOST,
        "service/authorization/issuers.py",
        """(slug: SlugPath, node: NodeDep) -> Issuer:
    \"\"\"Return the issuer that the path names; raises NotFound, and ServerNotReady for one that is paused.\"\"\"
    issuer = await find_issuer(slug, node)""",
        """(slug: SlugPath, node: NodeDep, request: __import__("fastapi").Request) -> Issuer:
    found = await find_issuer(slug, node)
    issuer = Issuer(found.instance, f"https://{request.headers['host']}/i/{slug}")""",
        T + "test_checks_pushed_requests.py::test_issuer_from_configuration_never_from_host",
    ),
    Check(
        "published-issuer-from-configuration-never-from-host",
        NEVER_FROM_HOST,
        "service/api/published.py",
        "document = metadata.authorization_server(node.settings,",
        """seen = {"public_url": f"https://{request.headers['host']}"}
    document = metadata.authorization_server(node.settings.model_copy(update=seen),""",
        "tests/api/test_published.py::test_issuer_from_configuration_never_from_host"
        "[/.well-known/oauth-authorization-server/i/a-tracker]",
    ),
    Check(
        "published-metadata-names",
        "metadata `issuer` identical",
        "service/protocol/metadata.py",
        "        issuer=issuer,\n        authorization_endpoint",
        '        issuer=issuer + "/",\n        authorization_endpoint',
        "tests/api/test_published.py::test_the_metadata_names_every_endpoint_and_nothing_weaker",
    ),
)
AUTHENTICATION = (
    Check(
        "unauthenticated-par-refused",
        "unauthenticated PAR refused",
        PUSHING,
        """    assertion = read_assertion(form, issuer, node.settings, asking.now)
    pushed = _read_push(issuer, modes, request, form, asking)
    client, proof = await authenticate_by_document(node, issuer, assertion, asking)
""",
        """    pushed = _read_push(issuer, modes, request, form, asking)
    client_id, soon = pushed.request.client_id, int(asking.now.timestamp())
    client = await __import__("service.authorization.clients.documents", fromlist=["read_client"]).read_client(
        node, client_id, asking
    )
    proof = VerifiedToken({}, {"iss": client_id, "jti": new_id("jti"), "exp": soon}, "")
""",
        T_CLIENTS + "test_unauthenticated_par_refused",
    ),
    Check(
        "assertion-says-what-kind",
        PRIVATE_KEY_JWT,
        CLIENTS,
        'if form.get("client_assertion_type") != ASSERTION_TYPE:',
        "if False:",
        T_CLIENTS + "test_the_assertion_says_what_kind_it_is",
    ),
    Check(
        "authenticates-in-one-way-only",
        PRIVATE_KEY_JWT,
        CLIENTS,
        'if "client_secret" in form:',
        "if False:",
        T_CLIENTS + "test_a_client_authenticates_in_one_way_only",
    ),
    Check(
        "cheap-iss-sub",
        CHEAP + " · `iss` = `sub` = client_id",
        CLIENTS,
        'if claims.get("sub") != client_id:',
        "if False:",
        T_CHEAP + "[iss and sub differ--]",
    ),
    Check(
        "cheap-aud",
        CHEAP + " · `aud` = one string, the issuer",
        CLIENTS,
        'if claims.get("aud") != issuer.url:',
        "if False:",
        T_CHEAP + "[aud is another issuer--]",
    ),
    Check(
        "cheap-aud-a-list",
        CHEAP + " · `aud` = one string, the issuer",
        CLIENTS,
        'if claims.get("aud") != issuer.url:',
        'if issuer.url not in claims.get("aud", ()):',
        T_CHEAP + "[aud is a list--]",
    ),
    Check(
        "cheap-expired",
        CHEAP + " · `exp`",
        CLIENTS,
        "if not isinstance(expires, int) or expires < now.timestamp() - 60:",
        "if not isinstance(expires, int):",
        T_CHEAP + "[expired--]",
    ),
    Check(
        "8-kb-no-fetch",
        CHEAP + " · ≤ 8 KB",
        CLIENTS,
        "if len(token) > MAX_ASSERTION_LENGTH:",
        "if False:",
        T_CLIENTS + "test_an_assertion_over_8_kb_causes_no_fetch",
    ),
    Check(
        "client-id-the-assertion-proves",
        "`iss` = `sub` = client_id",
        CLIENTS,
        'if form.get("client_id", client_id) != client_id:',
        "if False:",
        T_CLIENTS + "test_client_id_is_the_one_that_the_assertion_proves",
    ),
    Check(
        "own-instance-no-client-of-itself",
        "`iss` ≠ own issuer (reflection)",
        CLIENTS,
        "if client_id == issuer.client_id:",
        "if False:",
        T_CLIENTS + "test_an_own_instance_is_no_client_of_itself",
    ),
    Check(
        "key-that-is-our-own-refused",
        "A key that is our own under another issuer is refused",
        CLIENTS,
        "if any(owner + CLIENT_DOCUMENT_PATH != client_id for owner in owners):",
        "if False:",
        T_CLIENTS + "test_a_key_that_is_our_own_under_another_issuer_is_refused",
    ),
    Check(
        "client-id-an-https-url",
        CLIENT_ID,
        DOCUMENTS,
        "if match is None or _DOT_SEGMENT.search(client_id):",
        "if match is None:",
        T_CLIENTS + "test_client_id_must_be_an_https_url[https://asker.test/a/../client.json]",
    ),
    Check(
        "client-id-https",
        CLIENT_ID,
        DOCUMENTS,
        'if match["scheme"] != "https" and not is_local:',
        "if False:",
        T_ALONE + "test_client_id_is_https_before_anything_is_fetched",
    ),
    Check(
        "jti-works-once",
        "client-authentication+jwt: single use",
        CLIENTS,
        "if not fresh:",
        "if False:",
        T_CLIENTS + "test_a_jti_works_once",
    ),
    Check(
        "refused-request-assertion",
        "A single-use `jti` is consumed in the same transaction as the effect",
        CLIENTS,
        "    return client, verify_assertion(assertion, client.jwks, issuer, asking.now)",
        """    proof = verify_assertion(assertion, client.jwks, issuer, asking.now)
    transaction = __import__("service.database.sessions", fromlist=["transaction"]).transaction
    async with transaction(node.database) as session:
        await consume_assertion(session, proof)
    return client, proof""",
        T_CLIENTS + "test_a_refused_request_does_not_use_up_its_assertion",
    ),
)
DOCUMENT = (
    Check(
        "document-another-client-id",
        CLIENT_ID,
        DOCUMENTS,
        "if document.client_id != client_id:",
        "if False:",
        T_DOCUMENT + "[another client_id]",
    ),
    Check(
        "document-another-authentication",
        PRIVATE_KEY_JWT,
        "service/protocol/messages.py",
        'token_endpoint_auth_method: Literal["private_key_jwt"]\n    jwks: KeySet | None',
        "token_endpoint_auth_method: str\n    jwks: KeySet | None",
        T_DOCUMENT + "[another authentication]",
    ),
    Check(
        "document-jwks-and-jwks-uri",
        "client id metadata documents",
        DOCUMENTS,
        "if (document.jwks is None) == (document.jwks_uri is None):",
        "if document.jwks is None and document.jwks_uri is None:",
        T_ALONE + "test_a_document_with_jwks_and_jwks_uri_is_refused",
    ),
    Check(
        "jwks-uri-of-another-origin",
        "client id metadata documents",
        DOCUMENTS,
        "if not has_same_origin(document.jwks_uri, client_id):",
        "if False:",
        T_ALONE + "test_a_jwks_uri_of_another_origin_is_refused",
    ),
    Check(
        "keys-without-a-private-part",
        "EC, P-256, no `d`",
        DOCUMENTS,
        'return [check_public_jwk(key) for key in unverified_keys["keys"]]',
        'return [{**key} for key in unverified_keys["keys"]]',
        T_ALONE + "test_all_keys_of_a_client_are_without_a_private_part",
    ),
    Check(
        "client-document-5-kb",
        "client document ≤ 5 KB",
        DOCUMENTS,
        "MAX_DOCUMENT_BYTES = 5 * 1024",
        "MAX_DOCUMENT_BYTES = 50 * 1024",
        T_DOCUMENTS + "test_a_client_document_over_5_kb_is_refused",
    ),
    Check(
        "document-cached-for-an-hour-at-most",
        "client document cached ≤ 1 h",
        DOCUMENTS,
        "now - CACHED_FOR < found.fetched_at <= now",
        "now - 2 * CACHED_FOR < found.fetched_at <= now",
        T_DOCUMENTS + "test_a_document_is_cached_for_an_hour_at_most",
    ),
)
CHECKS = (*ISSUER, *AUTHENTICATION, *DOCUMENT)
