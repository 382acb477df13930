/** Where the console takes a link; its secret is the fragment, which no server is sent. */
const LINK_PATH = '/link'

/** `host`: whose console it is; or its whole address, as a deployment tells it. */
export function linkUrl(host: string, secret: string): string {
  const address = host.startsWith('https://') ? host : `https://${host}`
  return `${address.endsWith('/') ? address.slice(0, -1) : address}${LINK_PATH}#${secret}`
}
