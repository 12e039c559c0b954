"""Checks, client side: what another node publishes of itself (P1)."""

from tests.security.check import Check

METADATA = "service/discovery/node_metadata.py"
T_METADATA = "tests/discovery/test_node_metadata.py::"
T_ORIGIN = T_METADATA + "test_all_endpoints_same_origin_with_the_issuer"
T_LACKS = T_METADATA + "test_a_node_that_lacks_what_is_required_is_refused"
T_START = "tests/verification/test_checks_start.py::"
AUTHORITATIVE = "issuer from an authoritative source"
SAME_ORIGIN = "all endpoints same-origin with it"
IS_BELOW = 'return normalise(endpoint).url == endpoint and endpoint.startswith(f"{issuer}/")'

CHECKS = (
    Check(
        "issuer-from-an-authoritative-source",
        AUTHORITATIVE,
        METADATA,
        "if address.url != issuer:",
        "if False:",
        T_METADATA
        + "test_issuer_from_an_authoritative_source_has_one_spelling[https://parley.acme.example/i/jira/]",
    ),
    Check(
        "metadata-issuer-identical",
        "metadata `issuer` identical",
        METADATA,
        'if unverified.get("issuer") != issuer:',
        "if False:",
        T_METADATA + "test_metadata_issuer_identical_to_the_last_slash",
    ),
    Check(
        "no-answer-another-success",
        AUTHORITATIVE,
        METADATA,
        "if answer.status != 200:",
        "if False:",
        T_METADATA + "test_what_is_no_answer_has_a_name[another success-metadata]",
    ),
    Check(
        "document-about-another-resource",
        AUTHORITATIVE + " · 9728 document on the tracker's domain",
        "service/discovery/search.py",
        "return document.authorization_servers if is_about_base else []",
        "return document.authorization_servers",
        "tests/discovery/test_probe.py::test_a_document_about_another_resource_says_nothing",
    ),
    *(
        Check(
            f"endpoints-same-origin-{endpoint.replace('_', '-')}",
            SAME_ORIGIN,
            METADATA,
            f"        metadata.{endpoint},\n",
            "",
            f"{T_ORIGIN}[another host-{endpoint}]",
        )
        for endpoint in (
            "authorization_endpoint",
            "token_endpoint",
            "pushed_authorization_request_endpoint",
            "registration_endpoint",
            "jwks_uri",
        )
    ),
    Check(
        "endpoints-of-another-instance",
        SAME_ORIGIN,
        METADATA,
        IS_BELOW,
        "return normalise(endpoint).url == endpoint and normalise(endpoint).origin == normalise(issuer).origin",
        f"{T_ORIGIN}[another instance of the same node-token_endpoint]",
    ),
    Check(
        "endpoints-that-lead-out",
        SAME_ORIGIN,
        METADATA,
        IS_BELOW,
        'return endpoint.startswith(f"{issuer}/")',
        f"{T_ORIGIN}[dot segments that lead out-token_endpoint]",
    ),
    *(
        Check(
            f"lacks-{name.replace('_', '-')}",
            f"What FAPI 2.0 demands of an authorization server: {words}",
            METADATA,
            f"    ({line}),\n",
            "",
            f"{T_LACKS}[{name}]",
        )
        for name, words, line in (
            (
                "s256_only",
                "PKCE S256",
                '"PKCE with S256", lambda node: "S256" in node.code_challenge_methods_supported',
            ),
            (
                "par_required",
                "PAR, required",
                '"pushed authorization requests only", lambda node: node.require_pushed_authorization_requests',
            ),
            (
                "iss_in_the_answer",
                "`iss` in the authorization response",
                '"iss in its answers", lambda node: node.authorization_response_iss_parameter_supported',
            ),
            (
                "private_key_jwt",
                "`private_key_jwt`",
                '"private_key_jwt", lambda node: "private_key_jwt" in node.token_endpoint_auth_methods_supported',
            ),
            (
                "dpop_es256",
                "DPoP",
                '"DPoP with ES256", lambda node: "ES256" in node.dpop_signing_alg_values_supported',
            ),
        )
    ),
    Check(
        "only-public-es256-keys",
        "EC, P-256, no `d`",
        METADATA,
        'keys = [check_public_jwk(key) for key in unverified["keys"]]',
        'keys = [{**key} for key in unverified["keys"]]',
        T_METADATA + "test_only_public_es256_keys_each_with_its_own_id[a private key]",
    ),
    Check(
        "each-with-its-own-id",
        "exactly one key, chosen by `kid` from the stored set",
        METADATA,
        'if len({key["kid"] for key in keys}) != len(keys):',
        "if False:",
        T_METADATA + "test_only_public_es256_keys_each_with_its_own_id[two keys with one id]",
    ),
    Check(
        "key-that-is-our-own-under-another-issuer-refused",
        "A key that is our own under another issuer is refused",
        METADATA,
        "if not own_thumbprints.isdisjoint(thumbprint(key) for key in keys):",
        "if False:",
        T_METADATA + "test_a_key_that_is_our_own_under_another_issuer_is_refused",
    ),
    Check(
        "key-of-our-own-published-meanwhile",
        "A key that is our own under another issuer is refused",
        "service/discovery/node_metadata.py",
        "if not owners <= {issuer}:",
        "if False:",
        T_START + "test_a_key_of_our_own_published_meanwhile_is_refused",
    ),
    Check(
        "keys-of-a-neighbour",
        "A key that is our own under another issuer is refused",
        "service/invitations/invited/preview.py",
        "return await read_foreign_node(node, issuer)",
        "from service.discovery.node_metadata import read_node; "
        "return await read_node(node.egress, issuer, now=node.clock.now())",
        "tests/outsiders/test_hostile_inviter.py"
        "::test_keys_of_the_asking_node_under_another_issuer[a neighbour of it]",
    ),
)
