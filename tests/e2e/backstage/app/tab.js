// A page of a real browser: an app of a front-end system, whose user has the token that it is told.
import { analyticsOf } from 'system-on-trial';

window.signIn = (configuration, token) => {
  window.analytics = analyticsOf(configuration, { getCredentials: async () => ({ token }) });
};
