// An app of the new front-end system, with the module that is on trial and all that Backstage puts into an app.
import { ConfigReader } from '@backstage/config';
import { prepareSpecializedApp } from '@backstage/frontend-app-api';
import { analyticsApiRef, identityApiRef } from '@backstage/frontend-plugin-api';
import appPlugin from '@backstage/plugin-app';
import { onTrial } from 'module-on-trial';

// The page to sign in on would have to be clicked; the identity is handed over instead, as it would do.
const extensions = [{ 'sign-in-page:app': false }];

export function analyticsOf(configuration, identity) {
  const config = new ConfigReader({ ...configuration, app: { ...configuration.app, extensions } });
  const { apis } = prepareSpecializedApp({ features: [appPlugin, onTrial], config }).finalize();
  apis.get(identityApiRef).setTarget(identity, { signOutTargetUrl: '/' });
  return apis.get(analyticsApiRef);
}
