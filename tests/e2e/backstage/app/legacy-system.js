// An app of the legacy front-end system, as far as the factory that is on trial can see it.
import { ConfigReader } from '@backstage/config';
import { ApiFactoryRegistry, ApiResolver } from '@backstage/core-app-api';
import { analyticsApiRef, configApiRef, fetchApiRef, identityApiRef } from '@backstage/core-plugin-api';
import { onTrial } from 'module-on-trial';
import { fetchApiOf } from './fetch-api.js';

export function analyticsOf(configuration, identity) {
  const config = new ConfigReader(configuration);
  const registry = new ApiFactoryRegistry();
  registry.register('app', { api: configApiRef, deps: {}, factory: () => config });
  registry.register('app', { api: identityApiRef, deps: {}, factory: () => identity });
  registry.register('app', { api: fetchApiRef, deps: {}, factory: () => fetchApiOf(config, identity) });
  registry.register('app', onTrial);
  return new ApiResolver(registry).get(analyticsApiRef);
}
