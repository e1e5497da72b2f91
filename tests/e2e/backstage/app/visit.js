// A visit: events, an answer that is lost on its way, the same again, and a last event as the page is left.
import { leave, loseNextAnswer, requests, settle, tick } from './browser.js';
import { identityOf } from './identity.js';
import { analyticsOf } from 'system-on-trial';

const { backstage, user, configuration, events } = JSON.parse(process.argv[2]);
const analytics = analyticsOf(configuration, identityOf(backstage, user));
await settle();
loseNextAnswer();
events.slice(0, -1).forEach(event => analytics.captureEvent(event));
await settle();
await tick();
await tick();
analytics.captureEvent(events.at(-1));
await settle();
await leave();
await tick();
process.stdout.write(JSON.stringify(requests), () => process.exit(0));
