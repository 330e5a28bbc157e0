import type { ErrorCode } from "../../../kernel/error-codes.ts";
import { HotdirError } from "../../../kernel/errors.ts";
import { type Bytes, show } from "../../../kernel/path.ts";
import type { Fields } from "./fields.ts";
import { status } from "./protocol.ts";

/**
 * The one place where SFTP statuses (§7) become error codes. OpenSSH's server makes them of errno:
 * ENOENT, ENOTDIR, ELOOP are NO_SUCH_FILE; EPERM, EACCES are PERMISSION_DENIED; ENAMETOOLONG, EINVAL
 * are BAD_MESSAGE; ENOSYS is OP_UNSUPPORTED; all else (ENOSPC, EEXIST, EISDIR, EXDEV, EROFS, EIO) is FAILURE.
 */
export function codeOfStatus(code: number): ErrorCode {
  switch (code) {
    case status.noSuchFile:
      return "not-found";
    case status.permissionDenied:
      return "permission-denied";
    case status.badMessage:
      return "name-refused";
    case status.noConnection:
    case status.connectionLost:
      return "connection-lost";
    case status.unsupported:
      return "unsupported";
    default:
      return "refused";
  }
}

/** The rest of a STATUS packet after its code: the server's message, which some leave out. */
export function errorOfStatus(code: number, fields: Fields, request: { operation: string; path?: Bytes }): HotdirError {
  const message = fields.remainingBytes >= 4 ? show(fields.text()).slice(0, 200) : "";
  const detail = message === "" ? `SFTP status ${code}` : message;
  return new HotdirError(codeOfStatus(code), {
    operation: request.operation,
    ...(request.path === undefined ? {} : { path: request.path }),
    detail,
  });
}
