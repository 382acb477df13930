import { afterLogin, nothing } from '../command.ts'
import { replies } from '../replies.ts'

/** UNAUTHENTICATE. RFC 5804 §2.14.1: TLS stays. */
export const unauthenticate = afterLogin({
  parse: nothing,
  run(session) {
    session.log.info({}, 'logged out')
    session.logOut()
    return replies.loggedOut
  },
})
