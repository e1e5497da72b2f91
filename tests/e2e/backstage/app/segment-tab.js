// A page that calls Segment's client as Backstage's module for Segment does: a page viewed, and an action tracked.
import { segment } from 'module-on-trial';

window.visit = async ({ action, subject, context, attributes }) => {
  await segment.page(context.pluginId, subject, context);
  await segment.track(action, { subject, context, attributes });
};
