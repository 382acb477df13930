// A process that takes all mail as fast as it can, and tells its parent how much: started by bench.ts, one port for any number of domains.

import { createServer, type Socket } from 'node:net'

const EHLO =
  '250-sink.test\r\n250-PIPELINING\r\n250-SIZE 0\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n'
const TELL_EVERY_MS = 5

let received = 0
let told = -1
let sessions = 0

function serve(socket: Socket): void {
  sessions++
  let rest = ''
  let inMessage = false
  socket.setEncoding('latin1')
  socket.setNoDelay(true)
  socket.on('error', () => {})
  socket.write('220 sink.test ESMTP\r\n')
  socket.on('data', (chunk: string) => {
    rest += chunk
    let replies = ''
    for (;;) {
      if (inMessage) {
        const end = rest.indexOf('\r\n.\r\n')
        if (end < 0) {
          // What ends the message may be cut anywhere.
          rest = rest.slice(-4)
          break
        }
        rest = rest.slice(end + 5)
        inMessage = false
        received++
        replies += '250 2.0.0 Ok\r\n'
        continue
      }
      const end = rest.indexOf('\r\n')
      if (end < 0) break
      const verb = rest.slice(0, 4).toUpperCase()
      rest = rest.slice(end + 2)
      if (verb === 'EHLO') replies += EHLO
      else if (verb === 'DATA') {
        replies += '354 go on\r\n'
        inMessage = true
      } else if (verb === 'QUIT') {
        socket.end(`${replies}221 2.0.0 Bye\r\n`)
        return
      } else replies += '250 2.0.0 Ok\r\n'
    }
    if (replies !== '') socket.write(replies)
  })
}

const server = createServer(serve)
server.listen(0, '127.0.0.1', 4_096, () => {
  const address = server.address()
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 })
})
setInterval(() => {
  if (received === told) return
  told = received
  process.send?.({ received, sessions })
}, TELL_EVERY_MS)
process.on('disconnect', () => process.exit())
