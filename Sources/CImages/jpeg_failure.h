#pragma once
#include <setjmp.h>
#include <stdio.h>
// jpeglib.h uses FILE without including stdio.h
#include <jpeglib.h>

#include "CImages.h"

// How libjpeg's errors come back: it calls `fail`, which leaves to the `setjmp` with a message.
struct failure {
  struct jpeg_error_mgr manager;  // first, so that libjpeg's pointer is ours
  jmp_buf leave;
  char *message;
};

static void fail(j_common_ptr jpeg) {
  struct failure *failure = (struct failure *)jpeg->err;
  char text[JMSG_LENGTH_MAX];
  failure->manager.format_message(jpeg, text);
  snprintf(failure->message, LORA_MESSAGE_CAPACITY, "%s", text);
  longjmp(failure->leave, 1);
}
