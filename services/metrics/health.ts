// `/health/live`: the process answers. `/health/ready`: its ports are open, it is not about to stop, and its store answers. They say no more than
// that, to anybody.

import type { WebHandler } from '#shared/contracts/web.ts'

const HEALTH_PATH = '/health/'

export function createHealthPages(deps: {
  readonly isReady: () => boolean
  /** Rejects where it does not answer. */
  readonly askStore: () => Promise<unknown>
}): WebHandler {
  return async (request) => {
    const { pathname } = new URL(request.url)
    if (!pathname.startsWith(HEALTH_PATH)) return undefined
    switch (pathname.slice(HEALTH_PATH.length)) {
      case 'live':
        return answer(200, 'ok')
      case 'ready': {
        const isUp = deps.isReady() && (await answers(deps.askStore))
        return isUp ? answer(200, 'ok') : answer(503, 'not ready')
      }
      default:
        return undefined
    }
  }
}

const answers = (ask: () => Promise<unknown>) =>
  ask().then(
    () => true,
    () => false,
  )

const answer = (status: number, text: string) =>
  new Response(`${text}\n`, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  })
