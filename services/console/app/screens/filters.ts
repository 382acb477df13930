// Filters of one's own and of all: one file for the browser.

export { screen as away } from './filters/away.tsx'
export { screen as filters } from './filters/filters.tsx'
export { screen as siteScripts } from './filters/site.tsx'
