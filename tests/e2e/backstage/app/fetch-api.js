// How an app fetches: `plugin://` addresses are looked up, and the portal's own get the user's token.
import { createFetchApi, FetchMiddlewares, FrontendHostDiscovery } from '@backstage/core-app-api';

export function fetchApiOf(config, identityApi) {
  const discoveryApi = FrontendHostDiscovery.fromConfig(config);
  return createFetchApi({
    middleware: [
      FetchMiddlewares.resolvePluginProtocol({ discoveryApi }),
      FetchMiddlewares.injectIdentityAuth({ identityApi, config }),
    ],
  });
}
