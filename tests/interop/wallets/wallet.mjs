// A wallet of foreign libraries, told what to do by JSON lines on its standard input; it answers each with one line.
// What it trusts is the root certificate it was started with and what the specifications let it look up, nothing else.

import { X509Certificate, createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import {
  clientAuthenticationAnonymous,
  clientAuthenticationNone,
  resourceRequest,
  setGlobalConfig,
} from "@openid4vc/oauth2";
import { Openid4vciClient } from "@openid4vc/openid4vci";
import { Openid4vpClient } from "@openid4vc/openid4vp";
import { digest as sdDigest, generateSalt } from "@sd-jwt/crypto-nodejs";
import { getListFromStatusListJWT } from "@sd-jwt/jwt-status-list";
import { SDJwtVcInstance } from "@sd-jwt/sd-jwt-vc";
import { CompactEncrypt, SignJWT, compactVerify, exportJWK, generateKeyPair, importJWK, importX509 } from "jose";

setGlobalConfig({ allowInsecureUrls: true }); // plain http to this machine only

const root = new X509Certificate(readFileSync(process.argv[2]));
const holderKeys = new Map();
const held = [];

const pem = (der) => `-----BEGIN CERTIFICATE-----\n${der}\n-----END CERTIFICATE-----`;

/** The key of a certificate that the root has signed; anything else is not trusted. */
async function trustedKey(x5c) {
  const leaf = new X509Certificate(pem(x5c[0]));
  if (!leaf.verify(root.publicKey) || leaf.issuer !== root.subject) throw new Error("the certificate is not the root's");
  return importX509(pem(x5c[0]), "ES256");
}

/** The issuer's key as SD-JWT VC finds it for an `iss` with a path. */
async function issuerKey(issuer, kid) {
  const url = new URL(issuer);
  const metadata = await (await fetch(`${url.origin}/.well-known/jwt-vc-issuer${url.pathname}`)).json();
  if (metadata.issuer !== issuer) throw new Error("the metadata is another issuer's");
  return importJWK(metadata.jwks.keys.find((key) => key.kid === kid), "ES256");
}

async function newHolderKey() {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = await exportJWK(publicKey);
  holderKeys.set(jwk.x, privateKey);
  return jwk;
}

/** Signed metadata of the issuer, which the library reads but does not ask for. */
function fetchSigned(address, options = {}) {
  const isIssuer = String(address).includes("/.well-known/openid-credential-issuer");
  return fetch(address, isIssuer ? { ...options, headers: { ...options.headers, accept: "application/jwt" } } : options);
}

const callbacks = (clientAuthentication) => ({
  fetch: fetchSigned,
  hash: (data, algorithm) => createHash(algorithm.replace("-", "")).update(data).digest(),
  generateRandom: (length) => randomBytes(length),
  clientAuthentication,
  signJwt: async (signer, { header, payload }) => {
    const jwt = await new SignJWT(payload).setProtectedHeader(header).sign(holderKeys.get(signer.publicJwk.x));
    return { jwt, signerJwk: signer.publicJwk };
  },
  verifyJwt: async (signer, { compact }) => {
    const key = await trustedKey(signer.x5c);
    await compactVerify(compact, key);
    return { verified: true, signerJwk: await exportJWK(key) };
  },
  encryptJwe: async (encryptor, data) => {
    const header = { alg: encryptor.alg, enc: encryptor.enc, kid: encryptor.publicJwk.kid };
    const key = await importJWK(encryptor.publicJwk, encryptor.alg);
    const jwe = await new CompactEncrypt(new TextEncoder().encode(data)).setProtectedHeader(header).encrypt(key);
    return { jwe, encryptionJwk: encryptor.publicJwk };
  },
  decryptJwe: () => {
    throw new Error("nothing is encrypted for this wallet");
  },
  getX509CertificateMetadata: () => ({ sanDnsNames: [], sanUriNames: [] }),
});

function sdJwt(credential) {
  const binding = credential && holderKeys.get(credential.claims?.cnf?.jwk?.x);
  return new SDJwtVcInstance({
    hasher: sdDigest,
    hashAlg: "sha-256",
    saltGenerator: generateSalt,
    kbSignAlg: "ES256",
    kbSigner: async (data) => signRaw(binding, data),
    verifier: async (data, signature) => {
      const [header, payload] = data.split(".").map((part) => JSON.parse(Buffer.from(part, "base64url")));
      await compactVerify(`${data}.${signature}`, await issuerKey(payload.iss, header.kid));
      await compactVerify(`${data}.${signature}`, await trustedKey(header.x5c));
      return true;
    },
    statusListFetcher: async (uri) => {
      const answer = await fetch(uri, { headers: { accept: "application/statuslist+jwt" } });
      if (answer.headers.get("content-type") !== "application/statuslist+jwt") throw new Error("not a status list");
      return answer.text();
    },
    statusVerifier: async (data, signature) => {
      const header = JSON.parse(Buffer.from(data.split(".")[0], "base64url"));
      await compactVerify(`${data}.${signature}`, await trustedKey(header.x5c));
      return true;
    },
    loadTypeMetadataFormat: true,
    // The library's own check compares hexadecimal with what the specification wants in base64.
    vctFetcher: async (vct, integrity) => {
      const document = Buffer.from(await (await fetch(vct)).arrayBuffer());
      const found = `sha256-${createHash("sha256").update(document).digest("base64")}`;
      if (found !== integrity) throw new Error("the type metadata is not what the credential says");
      return JSON.parse(document);
    },
  });
}

async function signRaw(key, data) {
  const { subtle } = globalThis.crypto;
  const signature = await subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, new TextEncoder().encode(data));
  return Buffer.from(signature).toString("base64url");
}

/** The library asks by configuration only; by identifier it is asked with its own resource request. */
async function credentialsByName(issuerMetadata, accessToken, proofs, { credentialIdentifier }, { dpop }) {
  const { response } = await resourceRequest({
    url: issuerMetadata.credentialIssuer.credential_endpoint,
    accessToken,
    dpop,
    callbacks: callbacks(clientAuthenticationAnonymous()),
    requestOptions: {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ credential_identifier: credentialIdentifier, proofs: { jwt: proofs } }),
    },
  });
  return { credentialResponse: await response.json() };
}

/** A key of the wallet's own for its tokens (DPoP). */
async function newSender() {
  return { signer: { method: "jwk", alg: "ES256", publicJwk: await newHolderKey() } };
}

async function credentialsFor(client, flow, copies, more = {}, named = undefined) {
  const { credentialOffer, issuerMetadata, accessToken, clientId } = flow;
  const [configuration] = credentialOffer.credential_configuration_ids;
  const { c_nonce: nonce } = await client.requestNonce({ issuerMetadata });
  const proofs = [];
  for (let number = 0; number < copies; number += 1) {
    const publicJwk = await newHolderKey();
    const { jwt } = await client.createCredentialRequestJwtProof({
      issuerMetadata,
      signer: { method: "jwk", alg: "ES256", publicJwk },
      nonce,
      clientId,
      credentialConfigurationId: configuration,
    });
    proofs.push(jwt);
  }
  const { credentialResponse } = named
    ? await credentialsByName(issuerMetadata, accessToken, proofs, named, more)
    : await client.retrieveCredentials({
        issuerMetadata,
        accessToken,
        credentialConfigurationId: configuration,
        proofs: { jwt: proofs },
        ...more,
      });
  for (const { credential } of credentialResponse.credentials) {
    const { payload } = await sdJwt().verify(credential, { requiredClaimKeys: [] });
    held.push({ credential, claims: payload });
  }
  await client.sendNotification({
    issuerMetadata,
    accessToken,
    notification: { notificationId: credentialResponse.notification_id, event: "credential_accepted" },
    ...more,
  });
  return { held: held.length, claims: held.at(-1).claims };
}

const actions = {
  /** The pre-authorised code flow. */
  async receive({ offer, txCode, copies, isBound }) {
    const client = new Openid4vciClient({ callbacks: callbacks(clientAuthenticationAnonymous()) });
    const credentialOffer = await client.resolveCredentialOffer(offer);
    const issuerMetadata = await client.resolveIssuerMetadata(credentialOffer.credential_issuer);
    const { accessTokenResponse, dpop } = await client.retrievePreAuthorizedCodeAccessTokenFromOffer({
      credentialOffer,
      issuerMetadata,
      txCode,
      dpop: isBound ? await newSender() : undefined,
    });
    const flow = { credentialOffer, issuerMetadata, accessToken: accessTokenResponse.access_token };
    const isSigned = issuerMetadata.signedCredentialIssuer?.jwt.payload.sub === credentialOffer.credential_issuer;
    const bound = isBound ? { dpop } : {};
    return { isSigned, tokenType: accessTokenResponse.token_type, ...(await credentialsFor(client, flow, copies, bound)) };
  },

  /** The authorisation code flow, first half: where the browser goes. */
  async authorize({ offer, clientId, redirectUri, scope, isItemised }) {
    const client = new Openid4vciClient({ callbacks: callbacks(clientAuthenticationNone({ clientId })) });
    const credentialOffer = await client.resolveCredentialOffer(offer);
    const issuerMetadata = await client.resolveIssuerMetadata(credentialOffer.credential_issuer);
    const details = [
      {
        type: "openid_credential",
        credential_configuration_id: credentialOffer.credential_configuration_ids[0],
        locations: [credentialOffer.credential_issuer],
      },
    ];
    const begun = await client.initiateAuthorization({
      clientId,
      redirectUri,
      scope,
      credentialOffer,
      issuerMetadata,
      ...(isItemised ? { additionalRequestPayload: { authorization_details: JSON.stringify(details) } } : {}),
    });
    actions.flow = { client, credentialOffer, issuerMetadata, clientId, redirectUri, pkce: begun.pkce };
    return { url: begun.authorizationRequestUrl };
  },

  /** The second half: with the code that the browser brought back. */
  async redeem({ code, copies }) {
    const { client, pkce, redirectUri, ...flow } = actions.flow;
    const { accessTokenResponse, dpop } = await client.retrieveAuthorizationCodeAccessTokenFromOffer({
      issuerMetadata: flow.issuerMetadata,
      credentialOffer: flow.credentialOffer,
      authorizationCode: code,
      pkceCodeVerifier: pkce.codeVerifier,
      redirectUri,
      dpop: await newSender(),
    });
    const token = { ...flow, accessToken: accessTokenResponse.access_token };
    const [detail] = accessTokenResponse.authorization_details ?? [];
    const named = detail && { credentialIdentifier: detail.credential_identifiers[0] };
    const received = await credentialsFor(client, token, copies, { dpop }, named);
    return { tokenType: accessTokenResponse.token_type, isItemised: Boolean(detail), ...received };
  },

  /** Present exactly what is asked for, out of the newest credential. */
  async present({ invocation }) {
    const client = new Openid4vpClient({ callbacks: callbacks(clientAuthenticationAnonymous()) });
    const { params } = client.parseOpenid4vpAuthorizationRequest({ authorizationRequest: invocation });
    const resolved = await client.resolveOpenId4vpAuthorizationRequest({ authorizationRequestPayload: params });
    const request = resolved.authorizationRequestPayload;
    const [query] = request.dcql_query.credentials;
    const chosen = held.findLast(({ claims }) => query.meta.vct_values.includes(claims.vct));
    if (!chosen) throw new Error("no such credential");
    const names = query.claims.map(({ path }) => path[0]).filter((name) => name in chosen.claims);
    const presentation = await sdJwt(chosen).present(
      chosen.credential,
      Object.fromEntries(names.map((name) => [name, true])),
      { kb: { payload: { iat: Math.floor(Date.now() / 1000), aud: request.client_id, nonce: request.nonce } } },
    );
    const encryption = { nonce: randomBytes(16).toString("base64url") };
    const serverMetadata = {
      authorization_signing_alg_values_supported: [],
      authorization_encryption_alg_values_supported: ["ECDH-ES"],
      authorization_encryption_enc_values_supported: ["A128GCM", "A256GCM"],
    };
    const response = await client.createOpenid4vpAuthorizationResponse({
      authorizationRequestPayload: request,
      clientMetadata: request.client_metadata,
      authorizationResponsePayload: { vp_token: { [query.id]: [presentation] } },
      ...(request.response_mode === "direct_post.jwt" ? { jarm: { encryption, serverMetadata } } : {}),
    });
    const sent = await client.submitOpenid4vpAuthorizationResponse({ authorizationRequestPayload: request, ...response });
    return { version: resolved.version, client: resolved.client.prefix, asked: names, status: sent.response.status };
  },

  /** What the libraries make of the newest credential now, status list included. */
  async verify() {
    const { credential, claims } = held.at(-1);
    const { uri, idx } = claims.status.status_list;
    const list = getListFromStatusListJWT(await (await fetch(uri)).text());
    try {
      await sdJwt().verify(credential);
      return { verified: true, status: list.getStatus(idx) };
    } catch (error) {
      return { verified: false, status: list.getStatus(idx), why: String(error.message) };
    }
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { action, ...given } = JSON.parse(line);
  const answer = await actions[action](given).catch((error) => ({ error: String(error.stack ?? error) }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
