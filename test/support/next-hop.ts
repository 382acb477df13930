import { type NextHop, parseNextHop } from '#shared/mail/next-hop.ts'
import { parseRoute, type Route } from '#shared/mail/route.ts'

export function hopOf(text: string): NextHop {
  const hop = parseNextHop(text)
  if (hop === undefined) throw new Error(`${text} is no next hop`)
  return hop
}

export function routeTo(text: string): Route {
  const route = parseRoute(text)
  if (typeof route === 'string') throw new Error(`${text} is no route: ${route}`)
  return route
}
