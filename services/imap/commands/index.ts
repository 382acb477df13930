// The table of commands: names, nothing else. What each is stands in its file.

import type { Command } from '../command.ts'
import { deleteAcl, getAcl, listRights, myRights, setAcl } from './acl.ts'
import { append } from './append.ts'
import { authenticate } from './authenticate.ts'
import { cancelUpdate } from './cancelupdate.ts'
import { capability } from './capability.ts'
import { close, unselect } from './close.ts'
import { compress } from './compress.ts'
import { copy, uidCopy } from './copy.ts'
import { create } from './create.ts'
import { deleteMailbox } from './delete.ts'
import { enable } from './enable.ts'
import { esearch } from './esearch.ts'
import { expunge, uidExpunge } from './expunge.ts'
import { fetch, uidFetch } from './fetch.ts'
import { filter, uidFilter } from './filter.ts'
import { id } from './id.ts'
import { idle } from './idle.ts'
import { list } from './list.ts'
import { login } from './login.ts'
import { logout } from './logout.ts'
import { lsub } from './lsub.ts'
import { getMetadata, setMetadata } from './metadata.ts'
import { move, uidMove } from './move.ts'
import { namespace } from './namespace.ts'
import { check, noop } from './noop.ts'
import { notify } from './notify.ts'
import { getQuota, getQuotaRoot, setQuota } from './quota.ts'
import { rename } from './rename.ts'
import { replace, uidReplace } from './replace.ts'
import { search, uidSearch } from './search.ts'
import { examine, select } from './select.ts'
import { sort, uidSort } from './sort.ts'
import { starttls } from './starttls.ts'
import { status } from './status.ts'
import { store, uidStore } from './store.ts'
import { subscribe, unsubscribe } from './subscribe.ts'
import { thread, uidThread } from './thread.ts'
import { unauthenticate } from './unauthenticate.ts'

export const commands: ReadonlyMap<string, Command> = new Map(
  Object.entries({
    APPEND: append,
    AUTHENTICATE: authenticate,
    CANCELUPDATE: cancelUpdate,
    CAPABILITY: capability,
    CHECK: check,
    CLOSE: close,
    COMPRESS: compress,
    COPY: copy,
    CREATE: create,
    DELETE: deleteMailbox,
    DELETEACL: deleteAcl,
    ENABLE: enable,
    ESEARCH: esearch,
    EXAMINE: examine,
    EXPUNGE: expunge,
    FETCH: fetch,
    FILTER: filter,
    GETACL: getAcl,
    GETMETADATA: getMetadata,
    GETQUOTA: getQuota,
    GETQUOTAROOT: getQuotaRoot,
    ID: id,
    IDLE: idle,
    LIST: list,
    LISTRIGHTS: listRights,
    LOGIN: login,
    LOGOUT: logout,
    LSUB: lsub,
    MOVE: move,
    MYRIGHTS: myRights,
    NAMESPACE: namespace,
    NOOP: noop,
    NOTIFY: notify,
    RENAME: rename,
    REPLACE: replace,
    SEARCH: search,
    SELECT: select,
    SETACL: setAcl,
    SETMETADATA: setMetadata,
    SETQUOTA: setQuota,
    SORT: sort,
    STARTTLS: starttls,
    STATUS: status,
    STORE: store,
    SUBSCRIBE: subscribe,
    THREAD: thread,
    'UID REPLACE': uidReplace,
    UNAUTHENTICATE: unauthenticate,
    'UID COPY': uidCopy,
    'UID EXPUNGE': uidExpunge,
    'UID FETCH': uidFetch,
    'UID FILTER': uidFilter,
    'UID MOVE': uidMove,
    'UID SEARCH': uidSearch,
    'UID SORT': uidSort,
    'UID STORE': uidStore,
    'UID THREAD': uidThread,
    UNSELECT: unselect,
    UNSUBSCRIBE: unsubscribe,
  }),
)
