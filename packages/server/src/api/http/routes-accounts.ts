// Routes of accounts, keys and usage.

import { accountGet } from '../../operations/account-get.js';
import { keyCreate } from '../../operations/key-create.js';
import { keyList } from '../../operations/key-list.js';
import { keyRevoke } from '../../operations/key-revoke.js';
import { usageList } from '../../operations/usage-list.js';
import { userCreate } from '../../operations/user-create.js';
import { userDelete } from '../../operations/user-delete.js';
import { userGet } from '../../operations/user-get.js';
import { userList } from '../../operations/user-list.js';
import { userUpdate } from '../../operations/user-update.js';
import type { Route } from './route.js';

const user = '/v1/users/:user';
const denied = ['permission_denied'] as const;
const ofUser = [...denied, 'not_found'] as const;

export const accountRoutes: readonly Route[] = [
  { method: 'GET', url: '/v1/account', operation: accountGet, status: 200, errors: ['failed_precondition'] },
  { method: 'GET', url: '/v1/keys', operation: keyList, status: 200, query: ['user', 'limit', 'cursor'], errors: ofUser },
  {
    method: 'POST',
    url: '/v1/keys',
    operation: keyCreate,
    status: 201,
    body: 'plain',
    bodyOptional: true,
    errors: [...ofUser, 'failed_precondition'],
  },
  { method: 'DELETE', url: '/v1/keys/:key', operation: keyRevoke, status: 200, errors: ofUser },
  { method: 'GET', url: '/v1/usage', operation: usageList, status: 200, query: ['user', 'from', 'to', 'limit', 'cursor'], errors: ofUser },
  { method: 'GET', url: '/v1/users', operation: userList, status: 200, query: ['limit', 'cursor'], errors: denied },
  { method: 'POST', url: '/v1/users', operation: userCreate, status: 201, body: 'plain', errors: [...denied, 'already_exists'] },
  { method: 'GET', url: user, operation: userGet, status: 200, errors: ofUser },
  { method: 'PATCH', url: user, operation: userUpdate, status: 200, body: 'plain', errors: ofUser },
  { method: 'DELETE', url: user, operation: userDelete, status: 204, errors: ofUser },
];
