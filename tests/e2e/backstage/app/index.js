'use strict';
// A backend of Backstage's own packages. Whoever asks may sign in as anybody: it listens on loopback, for tests.
const { createBackend } = require('@backstage/backend-defaults');
const { createBackendModule } = require('@backstage/backend-plugin-api');
const { AuthorizeResult, isPermission } = require('@backstage/plugin-permission-common');
const { policyExtensionPoint } = require('@backstage/plugin-permission-node/alpha');
const { catalogEntityReadPermission } = require('@backstage/plugin-catalog-common/alpha');
const { catalogConditions, createCatalogConditionalDecision } = require('@backstage/plugin-catalog-backend/alpha');
const {
  authProvidersExtensionPoint,
  createProxyAuthenticator,
  createProxyAuthProviderFactory,
} = require('@backstage/plugin-auth-node');

// GET /api/auth/anyone/refresh with the header x-user: user:default/jane
const anyone = createBackendModule({
  pluginId: 'auth',
  moduleId: 'anyone',
  register(module) {
    module.registerInit({
      deps: { providers: authProvidersExtensionPoint },
      async init({ providers }) {
        const authenticator = createProxyAuthenticator({
          defaultProfileTransform: async () => ({ profile: {} }),
          initialize: () => undefined,
          authenticate: async ({ req }) => ({ result: String(req.headers['x-user']) }),
        });
        const signInResolver = async ({ result }, context) =>
          context.issueToken({ claims: { sub: result, ent: [result] } });
        providers.registerProvider({
          providerId: 'anyone',
          factory: createProxyAuthProviderFactory({ authenticator, signInResolver }),
        });
      },
    });
  },
});

// Users may read all but the entities with the label visibility: hidden.
const policy = createBackendModule({
  pluginId: 'permission',
  moduleId: 'policy',
  register(module) {
    module.registerInit({
      deps: { policy: policyExtensionPoint },
      async init({ policy: point }) {
        const visible = { not: catalogConditions.hasLabel({ label: 'visibility', value: 'hidden' }) };
        point.setPolicy({
          handle: async ({ permission }) =>
            isPermission(permission, catalogEntityReadPermission)
              ? createCatalogConditionalDecision(permission, visible)
              : { result: AuthorizeResult.ALLOW },
        });
      },
    });
  },
});

const backend = createBackend();
backend.add(import('@backstage/plugin-auth-backend'));
backend.add(import('@backstage/plugin-auth-backend-module-guest-provider'));
backend.add(anyone);
backend.add(import('@backstage/plugin-catalog-backend'));
backend.add(import('@backstage/plugin-permission-backend'));
backend.add(policy);
backend.add(import('@backstage/plugin-proxy-backend'));
backend.start();
