/** In a data folder: which store it is, and of which format (store-marker.ts). Whoever only asks whether there is one loads no engine. */
export const MARKER_FILE = 'store.json'
