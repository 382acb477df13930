// The challenge http-01 (RFC 8555 §8.3): a file under a path that everybody may read, over plain HTTP at port 80 of the name. What is asked
// for and is not there is not ours, and the next part of the site may answer it.

import type { WebHandler } from '#shared/contracts/web.ts'
import type { ChallengeSolver } from './solver.ts'

const FOLDER = '/.well-known/acme-challenge/'
/** RFC 8555 §8.3: base64url. */
const TOKEN = /^[A-Za-z0-9_-]{1,200}$/

export type HttpChallenges = ChallengeSolver & { readonly handler: WebHandler }

export function createHttpChallenges(): HttpChallenges {
  const answers = new Map<string, string>()
  return {
    type: 'http-01',
    placeOf: ({ name, token }) => `http://${name}${FOLDER}${token}`,
    async publish({ token, keyAuthorization }) {
      // It becomes a part of a path.
      if (!TOKEN.test(token)) throw new Error('the authority gave a token that is none')
      answers.set(token, keyAuthorization)
    },
    remove: async ({ token }) => void answers.delete(token),
    async handler(request) {
      if (answers.size === 0) return undefined
      const { pathname } = new URL(request.url)
      if (!pathname.startsWith(FOLDER)) return undefined
      const answer = answers.get(pathname.slice(FOLDER.length))
      if (answer === undefined) return undefined
      return new Response(answer, { headers: { 'content-type': 'application/octet-stream' } })
    },
  }
}
