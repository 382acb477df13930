import { type NextHop, parseNextHop } from '#shared/mail/next-hop.ts'

export function hopOf(text: string): NextHop {
  const hop = parseNextHop(text)
  if (hop === undefined) throw new Error(`${text} is no next hop`)
  return hop
}
