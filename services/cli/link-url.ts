/** Where the console takes a link; its secret is the fragment, which no server is sent. */
const LINK_PATH = '/link'

/** `host`: whose console it is; or its whole address, as a deployment tells it. */
export const linkUrl = (host: string, secret: string) =>
  `${host.startsWith('https://') ? host.replace(/\/+$/, '') : `https://${host}`}${LINK_PATH}#${secret}`
