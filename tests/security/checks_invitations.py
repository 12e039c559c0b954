"""Checks of invitations: who may claim one, what the claim proves, and what the invited side takes for an answer."""

from tests.security.check import Check

STATEMENTS = "service/authorization/registration/statements.py"
HOSTS = "service/authorization/registration/statements.py"
CLAIMS = "service/invitations/inviter/claims.py"
CLAIMED = "service/invitations/inviter/claims.py"
HOLDERS = "service/invitations/inviter/secret_holders.py"
CLAIMING = "service/invitations/invited/claiming.py"
INSPECTING = "service/invitations/invited/preview.py"
T = "tests/invitations/"
T_CLAIMS = T + "test_claims.py::"
T_CLAIMED = T + "test_claimed.py::"
T_PREVIEW = T + "test_previews.py::test_each_reason_is_previewed_and_refused_alike"
ONE_CLAIM = "V claims it in one UPDATE for that key's thumbprint; other key ⇒ 401"
TOKEN = "secret as initial access token"
STATEMENT = "`node-statement+jwt`: `iss aud jwk shared_id invitation nonce exp`, single use, 60 s"
HOST = "if R names a public issuer: its published keys must contain the thumbprint"

CLAIM = (
    Check(
        "wrong-secret",
        TOKEN,
        HOLDERS,
        'if found is not None and node.hasher.match(secret, found.secret_hash or ""):',
        "if found is not None:",
        T_CLAIMS + "test_a_wrong_secret_is_refused_like_an_unknown_invitation",
    ),
    Check(
        "five-wrong-codes-lock",
        "five wrong codes lock",
        HOLDERS,
        "if locked.wrong_codes >= MOST_WRONG_CODES and locked.state is InvitationState.OPEN:",
        "if False:",
        T_CLAIMS + "test_five_wrong_codes_lock_it_over_restarts_too",
    ),
    Check(
        "initial-token-in-one-header",
        TOKEN,
        "service/authorization/tokens/access.py",
        'given[0].partition(" ") if len(given) == 1 else ("", "", "")',
        'given[0].partition(" ") if given else ("", "", "")',
        T_CLAIMS + "test_an_initial_token_is_in_one_header",
    ),
    Check(
        "secret-bearer-token",
        TOKEN,
        STATEMENTS,
        'token = read_authorization(request, "bearer")',
        'token = read_authorization(request, "basic") or read_authorization(request, "bearer")',
        T_CLAIMS + "test_the_secret_is_a_bearer_token[Basic]",
    ),
    Check(
        "another-key-after-the-claim",
        ONE_CLAIM,
        CLAIMS,
        'if invitation.claimant is None or invitation.claimant["thumbprint"] != thumbprint:',
        "if invitation.claimant is None:",
        T_CLAIMS + "test_another_key_after_the_claim_gets_nothing",
    ),
    Check(
        "claim-with-another-shared-id",
        ONE_CLAIM,
        CLAIMS,
        "return invitation.shared_id == shared_id and invitation.state not in UNUSABLE",
        "return invitation.state not in UNUSABLE",
        T_CLAIMS + "test_the_claim_with_another_shared_id_is_another_claim",
    ),
    Check(
        "shared-id-in-use",
        "both nodes know it, keyed by (instance, shared_id)",
        CLAIMS,
        "if await _is_known(session, connection, shared_id):",
        "if False:",
        T_CLAIMS + "test_a_shared_id_in_use_is_not_claimed_with",
    ),
)
PROOF = (
    Check(
        "statement-for-another-issuer",
        STATEMENT,
        STATEMENTS,
        "audience=issuer.url,",
        "audience=None,",
        T_CLAIMS + "test_a_statement_for_another_issuer_is_refused",
    ),
    Check(
        "statement-by-another-client-uri",
        STATEMENT,
        STATEMENTS,
        "issuer=registration.client_uri,",
        "issuer=None,",
        T_CLAIMS + "test_a_statement_by_another_client_uri_is_refused",
    ),
    Check(
        "statement-of-another-key",
        STATEMENT,
        STATEMENTS,
        "[key_of(registration)],\n            issuer=",
        """[
                {
                    **(own := signatures.unverified_claims(registration.software_statement)["jwk"]),
                    "kid": thumbprint(own),
                }
            ],
            issuer=""",
        T_CLAIMS + "test_a_statement_of_another_key_is_refused",
    ),
    Check(
        "expired-statement",
        STATEMENT,
        STATEMENTS,
        "now=now,",
        """now=datetime.fromtimestamp(
                unverified_claims(registration.software_statement)["iat"], now.tzinfo
            ),""",
        T_CLAIMS + "test_an_expired_statement_is_refused",
    ),
    Check(
        "reflected-statement",
        "`iss` ≠ own issuer (reflection)",
        STATEMENTS,
        "own_issuer=issuer.url,",
        "own_issuer=None,",
        T_CLAIMS + "test_a_reflected_statement_is_refused",
    ),
    Check(
        "statement-jti-works-once",
        STATEMENT,
        "service/authorization/registration/endpoint.py",
        "if not await replay.consume(session, Purpose.NODE_STATEMENT, signer, jti, keep_until=keep_until):",
        "if False:",
        T_CLAIMS + "test_a_statement_jti_works_once",
    ),
    Check(
        "one-key-in-a-registration",
        "inline key",
        STATEMENTS,
        "if len(keys) != 1 or GRANT not in registration.grant_types:",
        "if GRANT not in registration.grant_types:",
        T_CLAIMS + "test_a_registration_has_one_key_in_it",
    ),
    Check(
        "grant-client-credentials",
        "dynamic registration with an initial access token (7591, for invitations only)",
        STATEMENTS,
        "if len(keys) != 1 or GRANT not in registration.grant_types:",
        "if len(keys) != 1:",
        T_CLAIMS + "test_the_grant_client_credentials_is_asked_for",
    ),
    Check(
        "registered-key-without-a-private-part",
        "EC, P-256, no `d`",
        STATEMENTS,
        'keys = [check_public_jwk(key) for key in value["jwks"]["keys"]]',
        'keys = value["jwks"]["keys"]',
        T_CLAIMS + "test_a_registered_key_is_without_a_private_part",
    ),
    Check(
        "key-of-our-own",
        "A key that is our own under another issuer is refused",
        "service/authorization/registration/endpoint.py",
        "await refuse_own_keys(session, node.settings, stated, claimant.jwks)",
        "assert stated",
        T_CLAIMS + "test_a_key_of_our_own_is_not_claimed_with",
    ),
)
HOSTS_OF_CLAIMANTS = (
    Check(
        "expected-partner-alone",
        "expected partner issuer",
        HOSTS,
        'if invitation.expected_partner not in {None, proof.claims["iss"]}:',
        "if False:",
        T_CLAIMS + "test_the_expected_partner_alone_may_claim",
    ),
    Check(
        "expected-partner-who-says-to-be-private",
        "expected partner issuer · " + HOST,
        HOSTS,
        "if is_private and invitation.expected_partner is None:",
        "if is_private:",
        T_CLAIMS + "test_the_expected_partner_who_says_to_be_private_shows_its_key_all_the_same",
    ),
    Check(
        "public-issuer-publishes-the-key",
        HOST,
        HOSTS,
        "if proof.key_thumbprint not in {thumbprint(key) for key in snapshot.jwks}:",
        "if False:",
        T_CLAIMS + "test_a_public_issuer_publishes_the_key_that_claims",
    ),
    Check(
        "sandbox-with-a-sandbox-only",
        "sandbox instances connect to sandbox instances only",
        HOSTS,
        "if facts.sandbox != (issuer.instance.platform == SANDBOX):",
        "if False:",
        T_CLAIMS + "test_a_sandbox_connects_with_a_sandbox_only[private]",
    ),
    Check(
        "key-that-its-host-does-not-publish",
        HOST,
        "service/authorization/agreements.py",
        'if self.invitation is not None and (self.invitation.claimant or {}).get("issuer") is not None:',
        "if False:",
        T + "test_keys_that_change.py::test_a_key_that_its_host_does_not_publish_is_no_new_key",
    ),
)
COMMIT = (
    Check(
        "activation-before-the-confirmation",
        "confirms or rejects who claimed (skipped if confirmation is not required)",
        CLAIMED,
        "if invitation.state is not InvitationState.CONFIRMED:",
        "if False:",
        T_CLAIMED + "test_activation_before_the_confirmation_is_refused",
    ),
    Check(
        "activation-after-the-expiry",
        "the invitation's own expiry governs",
        CLAIMED,
        "if await expire_if_due(session, node, connection, invitation) or invitation.state in UNUSABLE:",
        "if invitation.state in UNUSABLE:",
        T_CLAIMED + "test_activation_after_the_expiry_is_too_late_for_both",
    ),
    Check(
        "rejected-claimant-cannot-end",
        "nodes: client assertion and DPoP, only their own connections",
        "service/authorization/agreements.py",
        "if connection.invitation_id != found.id:",
        "if False:",
        T + "test_former_claimants.py::test_a_rejected_claimant_cannot_end_the_connection_with_the_next_one",
    ),
)
INVITED = (
    Check(
        "client-id-of-somebody-else",
        "same secret and key ⇒ same answer",
        CLAIMING,
        "if registered.client_id not in allowed or registered.shared_id != invitation.shared_id:",
        "if registered.shared_id != invitation.shared_id:",
        T + "test_hostile_inviters.py::test_the_client_id_of_somebody_else_is_not_taken",
    ),
    Check(
        "shared-id-of-somebody-else",
        "same secret and key ⇒ same answer",
        CLAIMING,
        "if registered.client_id not in allowed or registered.shared_id != invitation.shared_id:",
        "if registered.client_id not in allowed:",
        T + "test_hostile_inviters.py::test_the_shared_id_of_somebody_else_is_not_taken",
    ),
    Check(
        "own-invitation",
        "`iss` ≠ own issuer (reflection)",
        INSPECTING,
        "if issuer == issuer_of(node.settings, instance.slug):",
        "if False:",
        T + "test_previews.py::test_its_own_invitation_is_no_invitation_for_an_instance",
    ),
    Check(
        "wrong-instance",
        "inviter → expected partner's issuer or `any`",
        INSPECTING,
        "if not code.is_for(issuer_of(node.settings, instance.slug)):",
        "if False:",
        T_PREVIEW + "[wrong_instance - for_somebody_else]",
    ),
    Check(
        "for-visual",
        "visual needs admin access on both sides",
        INSPECTING,
        "if code.mode is Mode.VISUAL:",
        "if False:",
        T_PREVIEW + "[mode_not_offered - for_visual]",
    ),
    Check(
        "code-sent-somewhere-wrong-back",
        "an invitation travels in a body or a fragment only",
        "service/trust/tokens.py",
        'return _JWT.sub("eyJ…", value) if isinstance(value, str) else value',
        "return value",
        "tests/problems/test_problems.py::test_a_code_that_was_sent_somewhere_wrong_does_not_come_back",
    ),
)
CHECKS = (*CLAIM, *PROOF, *HOSTS_OF_CLAIMANTS, *COMMIT, *INVITED)
