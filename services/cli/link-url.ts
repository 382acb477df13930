/** Where the console takes a link; its secret is the fragment, which no server is sent. */
const LINK_PATH = '/link'

export const linkUrl = (host: string, secret: string) => `https://${host}${LINK_PATH}#${secret}`
