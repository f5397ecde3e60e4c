// A relying party on openid-client, told what to do by JSON lines on its standard input; it answers each with one line.
// It knows an issuer by its address and finds everything else by discovery.

import { createInterface } from "node:readline";
import { importJWK } from "jose";
import * as client from "openid-client";

let config;
let handle;
let pending;
let tokens;
let device;

const insecure = { execute: [client.allowInsecureRequests] }; // plain http to this machine only

async function authenticationOf({ secret, key }) {
  if (key) {
    return client.PrivateKeyJwt({ key: await importJWK(key, "ES256"), kid: key.kid });
  }
  return secret ? client.ClientSecretBasic(secret) : client.None();
}

function shown(set) {
  return { type: set.token_type.toLowerCase(), scope: set.scope, claims: set.claims?.() ?? null };
}

const actions = {
  async discover({ issuer, clientId, usesKey, ...proof }) {
    const metadata = { id_token_signed_response_alg: "ES256" };
    config = await client.discovery(new URL(issuer), clientId, metadata, await authenticationOf(proof), insecure);
    handle = usesKey ? client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256")) : undefined;
    return { issuer: config.serverMetadata().issuer };
  },
  async register({ issuer, metadata, ticket }) {
    const options = { ...insecure, initialAccessToken: ticket };
    config = await client.dynamicClientRegistration(new URL(issuer), metadata, undefined, options);
    return { clientId: config.clientMetadata().client_id };
  },
  async begin({ redirectUri, scope, pushes, ...more }) {
    const verifier = client.randomPKCECodeVerifier();
    pending = { verifier, state: client.randomState(), nonce: client.randomNonce() };
    const parameters = {
      redirect_uri: redirectUri,
      scope,
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      ...more,
    };
    const url = pushes
      ? await client.buildAuthorizationUrlWithPAR(config, parameters, { DPoP: handle })
      : client.buildAuthorizationUrl(config, parameters);
    return { url: url.href };
  },
  async finish({ url }) {
    const checks = {
      pkceCodeVerifier: pending.verifier,
      expectedState: pending.state,
      expectedNonce: pending.nonce,
      idTokenExpected: true,
    };
    tokens = await client.authorizationCodeGrant(config, new URL(url), checks, undefined, { DPoP: handle });
    return shown(tokens);
  },
  async userinfo() {
    return await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP: handle });
  },
  async refresh() {
    const before = tokens.access_token;
    tokens = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP: handle });
    return { ...shown(tokens), changed: tokens.access_token !== before };
  },
  async introspect() {
    return await client.tokenIntrospection(config, tokens.access_token);
  },
  async revoke() {
    await client.tokenRevocation(config, tokens.refresh_token);
    return {};
  },
  async credentials({ scope }) {
    tokens = await client.clientCredentialsGrant(config, { scope }, { DPoP: handle });
    return shown(tokens);
  },
  async beginDevice({ scope }) {
    device = await client.initiateDeviceAuthorization(config, { scope });
    return { userCode: device.user_code };
  },
  async pollDevice() {
    tokens = await client.pollDeviceAuthorizationGrant(config, device, undefined, { DPoP: handle });
    return shown(tokens);
  },
  async logout({ back }) {
    const url = client.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token,
      post_logout_redirect_uri: back,
      state: "bye",
    });
    return { url: url.href };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { action, ...given } = JSON.parse(line);
  try {
    console.log(JSON.stringify(await actions[action](given)));
  } catch (error) {
    console.log(JSON.stringify({ error: `${error.code ?? error.name}: ${error.error ?? error.message}` }));
  }
}
