import { dismiss } from "../store";
import type { Notice } from "../store";

export function Notices({ notices }: { notices: Notice[] }) {
  return (
    <div class="notices">
      {notices.map((notice) => (
        <div key={notice.id} class="notice" role="alert">
          <span>{notice.text}</span>
          <button class="small" type="button" onClick={() => dismiss(notice.id)} aria-label="Dismiss">
            ✕
          </button>
        </div>
      ))}
    </div>
  );
}
