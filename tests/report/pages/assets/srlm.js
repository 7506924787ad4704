var srlm = { put: function () {} };
