// What Red Hat's Adoption Insights page asks, with its own client: every panel, and the table that it saves.
import { realFetch } from './browser.js';
import { identityOf } from './identity.js';
import { fetchApiOf } from './fetch-api.js';
import { ConfigReader } from '@backstage/config';
import { AdoptionInsightsApiClient } from 'page-on-trial';

const { backstage, user, configuration, period } = JSON.parse(process.argv[2]);
globalThis.fetch = realFetch; // its answers are read
const configApi = new ConfigReader(configuration);
const client = new AdoptionInsightsApiClient({ configApi, fetchApi: fetchApiOf(configApi, identityOf(backstage, user)) });

let saved;
window.URL.createObjectURL = blob => {
  saved = blob;
  return 'blob:saved';
};
window.HTMLAnchorElement.prototype.click = () => {};
await client.downloadBlob({ type: 'active_users', format: 'csv', ...period });

const answers = {
  total_users: await client.getUsers({ type: 'total_users', ...period }),
  active_users: await client.getActiveUsers({ type: 'active_users', grouping: 'weekly', ...period }),
  top_plugins: await client.getPlugins({ type: 'top_plugins', limit: 20, ...period }),
  top_catalog_entities: await client.getCatalogEntities({ type: 'top_catalog_entities', limit: 20, kind: '', ...period }),
  top_templates: await client.getTemplates({ type: 'top_templates', limit: 20, ...period }),
  top_techdocs: await client.getTechdocs({ type: 'top_techdocs', limit: 20, ...period }),
  top_searches: await client.getSearches({ type: 'top_searches', grouping: 'weekly', ...period }),
  csv: await saved.text(),
};
process.stdout.write(JSON.stringify(answers), () => process.exit(0));
